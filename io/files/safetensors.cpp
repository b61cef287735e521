#include "io/files/safetensors.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <set>
#include <tuple>
#include <utility>

#include "io/files/atomic_file.h"
#include "io/files/printable.h"
#include "io/files/safetensors_header.h"
#include "io/files/sha256.h"

namespace io {
namespace {

/// Reads the length and the header and leaves `file` at the first byte of the data.
SafetensorsHeader read_header(std::ifstream& file, const std::filesystem::path& path) {
  std::error_code failure;
  const std::uintmax_t size = std::filesystem::file_size(path, failure);
  NN_CHECK(!failure, "cannot read it: ", failure.message());
  NN_CHECK(file, "cannot open it: ", std::strerror(errno));

  std::array<unsigned char, 8> bytes = {};
  file.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  NN_CHECK(file && size >= 8, "no safetensors file: ", size, " bytes, expected at least 8");
  std::uint64_t header_size = 0;
  for (std::size_t i = 8; i-- > 0;) header_size = header_size << 8U | bytes[i];
  NN_CHECK(header_size >= 2 && header_size <= max_header_size && header_size <= size - 8,
           "no safetensors file, or truncated: no header of names begins it (", size, " bytes)");

  std::string text(header_size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  NN_CHECK(file, "reading its header failed");
  return parse_safetensors_header(text, size - 8 - header_size);
}

/// Runs `read` and puts the file's name before its errors.
template <class Function>
auto naming(const std::filesystem::path& path, const Function& read) {
  try {
    return read();
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(path.string(), ": ", error.what()));
  }
}

/// The order in which tensors are written; also checks that they can be.
std::vector<const StoredTensor*> writing_order(const Safetensors& contents) {
  std::vector<const StoredTensor*> order;
  for (const StoredTensor& tensor : contents.tensors) {
    NN_CHECK(tensor.name != metadata_key, "a tensor cannot be named ", metadata_key);
    NN_CHECK(tensor.bytes.size() == checked_size(tensor), "tensor ", tensor.name, " holds ", tensor.bytes.size(),
             " bytes, its shape needs ", checked_size(tensor));
    order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(), [](const StoredTensor* a, const StoredTensor* b) {
    return std::tie(a->type, a->name) < std::tie(b->type, b->name);
  });
  std::set<std::string_view> names;
  for (const StoredTensor* tensor : order) {
    NN_CHECK(names.insert(tensor->name).second, "two tensors are named ", tensor->name);
  }
  return order;
}

std::string_view as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::f64:
    case ElementType::i64:
      return 8;
    case ElementType::f32:
    case ElementType::i32:
      return 4;
    case ElementType::bf16:
    case ElementType::f16:
    case ElementType::i16:
      return 2;
    case ElementType::u8:
      return 1;
  }
  return 0;
}

std::string_view name(ElementType type) {
  switch (type) {
    case ElementType::f64:
      return "F64";
    case ElementType::i64:
      return "I64";
    case ElementType::f32:
      return "F32";
    case ElementType::i32:
      return "I32";
    case ElementType::bf16:
      return "BF16";
    case ElementType::f16:
      return "F16";
    case ElementType::i16:
      return "I16";
    case ElementType::u8:
      return "U8";
  }
  return "?";
}

std::int64_t StoredTensor::elements() const {
  std::int64_t count = 1;
  for (const std::int64_t length : shape) count *= length;
  return count;
}

const StoredTensor* Safetensors::find(std::string_view tensor_name) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const StoredTensor& t) { return t.name == tensor_name; });
  return found == tensors.end() ? nullptr : &*found;
}

const StoredTensor& Safetensors::at(std::string_view tensor_name) const {
  const StoredTensor* tensor = find(tensor_name);
  NN_CHECK(tensor != nullptr, "expected a tensor ", tensor_name, ", there is none among the ", tensors.size());
  return *tensor;
}

Safetensors read_safetensors(const std::filesystem::path& path) {
  return naming(path, [&] {
    std::ifstream file(path, std::ios::binary);
    SafetensorsHeader header = read_header(file, path);
    for (std::size_t i = 0; i < header.tensors.size(); ++i) {
      std::vector<std::byte>& bytes = header.tensors[i].bytes;
      bytes.resize(header.extents[i].end - header.extents[i].begin);
      file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      NN_CHECK(file, "reading tensor ", printable(header.tensors[i].name), " failed");
    }
    return Safetensors{.tensors = std::move(header.tensors), .metadata = std::move(header.metadata)};
  });
}

Safetensors read_safetensors_header(const std::filesystem::path& path) {
  return naming(path, [&] {
    std::ifstream file(path, std::ios::binary);
    SafetensorsHeader header = read_header(file, path);
    return Safetensors{.tensors = std::move(header.tensors), .metadata = std::move(header.metadata)};
  });
}

void write_safetensors(const std::filesystem::path& path, const Safetensors& contents) {
  const std::vector<const StoredTensor*> order = naming(path, [&] { return writing_order(contents); });
  const std::string header = naming(path, [&] { return format_safetensors_header(order, contents.metadata); });
  std::array<char, 8> length = {};
  for (unsigned i = 0; i < 8; ++i) length[i] = static_cast<char>(header.size() >> (8U * i));

  AtomicFile file(path);
  file.write({length.data(), length.size()});
  file.write(header);
  for (const StoredTensor* tensor : order) file.write(as_text(tensor->bytes));
  file.commit();
}

std::string weight_hash(const Safetensors& contents) {
  Sha256 hash;
  for (const StoredTensor* tensor : writing_order(contents)) hash.update(as_text(tensor->bytes));
  return to_hex(hash.digest());
}

}  // namespace io
