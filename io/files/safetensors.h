// The .safetensors format (https://github.com/huggingface/safetensors): named tensors in one file.
//
//   8 bytes   length of the header, little endian
//   header    JSON: {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [6, 96],
//             "data_offsets": [begin, end]}, ...}, padded with spaces to a multiple of 8
//   data      the tensors' bytes, little endian, without holes; offsets count from here
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/files/float16.h"
#include "nn/core/bfloat16.h"
#include "nn/core/error.h"

namespace io {

enum class ElementType { f64, i64, f32, i32, bf16, f16, i16, u8 };

std::size_t size_of(ElementType type);
/// The format's own name: "F32", "BF16", ...
std::string_view name(ElementType type);

template <class T>
inline constexpr ElementType element_type_of = ElementType::f32;
template <>
inline constexpr ElementType element_type_of<double> = ElementType::f64;
template <>
inline constexpr ElementType element_type_of<std::int64_t> = ElementType::i64;
template <>
inline constexpr ElementType element_type_of<std::int32_t> = ElementType::i32;
template <>
inline constexpr ElementType element_type_of<nn::bfloat16> = ElementType::bf16;
template <>
inline constexpr ElementType element_type_of<Float16> = ElementType::f16;
template <>
inline constexpr ElementType element_type_of<std::int16_t> = ElementType::i16;
template <>
inline constexpr ElementType element_type_of<std::uint8_t> = ElementType::u8;

/// One tensor: row-major, of any rank (an empty shape is a scalar). bytes.size() == elements() * size_of(type).
struct StoredTensor {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;

  std::int64_t elements() const;

  /// The values, copied out; throws nn::Error if T is not the stored type.
  template <class T>
  std::vector<T> values() const {
    NN_CHECK(type == element_type_of<T>, "tensor ", name, " holds ", io::name(type), ", expected ",
             io::name(element_type_of<T>));
    std::vector<T> result(bytes.size() / sizeof(T));
    if (!bytes.empty()) std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
  }
};

/// stored_tensor<float>("classifier.bias", {6}, bias)
template <class T>
StoredTensor stored_tensor(std::string tensor_name, std::vector<std::int64_t> shape, std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  return {std::move(tensor_name), element_type_of<T>, std::move(shape), {bytes.begin(), bytes.end()}};
}

struct Safetensors {
  std::vector<StoredTensor> tensors;
  std::map<std::string, std::string> metadata;

  /// nullptr if there is none of this name.
  const StoredTensor* find(std::string_view tensor_name) const;
  /// Throws nn::Error if there is none of this name.
  const StoredTensor& at(std::string_view tensor_name) const;
};

/// Reads a whole file; tensors come in the order of their bytes. Nothing in the file is trusted: a length, JSON, name,
/// shape or offset that does not fit throws nn::Error in one line that names the file.
Safetensors read_safetensors(const std::filesystem::path& path);

/// Only the header: names, types, shapes and metadata, `bytes` left empty. For listings of large files.
Safetensors read_safetensors_header(const std::filesystem::path& path);

/// Writes atomically. The same contents give the same file, whatever order `tensors` has: wide types first (so that
/// every tensor is aligned), then by name. Names must be unique and bytes must fit the shapes.
void write_safetensors(const std::filesystem::path& path, const Safetensors& contents);

/// SHA-256 of the tensors' bytes in the order in which write_safetensors writes them (the data part of its file):
/// covers the weights and not the metadata. 64 hexadecimal characters.
std::string weight_hash(const Safetensors& contents);

}  // namespace io
