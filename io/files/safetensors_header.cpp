#include "io/files/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "io/files/json_text.h"
#include "io/files/printable.h"

namespace io {
namespace {

using nlohmann::json;

constexpr std::size_t header_alignment = 8;
constexpr int max_depth = 4;  // the format itself needs 3

/// Wide types first: then every tensor is aligned if the data are.
constexpr std::array all_types = {ElementType::f64,  ElementType::i64, ElementType::f32, ElementType::i32,
                                  ElementType::bf16, ElementType::f16, ElementType::i16, ElementType::u8};

/// JSON itself allows a name twice, and the last one would win silently. Here it is refused.
json parse_strictly(const std::string& text) {
  std::vector<std::set<std::string>> names(max_depth + 2);
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) {
      names[static_cast<std::size_t>(depth) + 1].clear();
    } else if (event == json::parse_event_t::key) {
      const auto key = parsed.get<std::string>();
      NN_CHECK(names[static_cast<std::size_t>(depth)].insert(key).second, "the header names ", printable(key),
               " twice");
    }
    return true;
  };
  try {
    json header = json::parse(checked_json(text, {.bytes = max_header_size, .depth = max_depth}), check);
    NN_CHECK(header.is_object(), "the header is no JSON object");
    return header;
  } catch (const json::parse_error& error) {
    throw nn::Error(nn::message("the header is no valid JSON (at its byte ", error.byte, ")"));
  } catch (const json::out_of_range&) {  // 1e999
    throw nn::Error("the header holds a number that no double can hold");
  }
}

std::map<std::string, std::string> parse_metadata(const json& object) {
  NN_CHECK(object.is_object(), metadata_key, " is no JSON object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : object.items()) {
    NN_CHECK(value.is_string(), metadata_key, " holds something else than text as ", printable(key));
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

ElementType parse_type(const std::string& text) {
  for (const ElementType type : all_types) {
    if (name(type) == text) return type;
  }
  std::string known;
  for (const ElementType type : all_types) known += nn::message(known.empty() ? "" : ", ", name(type));
  throw nn::Error(nn::message("its type is ", printable(text), ", expected one of ", known));
}

std::uint64_t parse_unsigned(const json& value, const char* what) {
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  NN_CHECK(value.is_number_unsigned() && value.get<std::uint64_t>() <= limit, "its ", what,
           " holds something else than a whole number from 0");
  return value.get<std::uint64_t>();
}

std::pair<StoredTensor, TensorExtent> parse_tensor(const std::string& tensor_name, const json& entry) {
  NN_CHECK(entry.is_object() && entry.size() == 3 && entry.contains("dtype") && entry.contains("shape") &&
               entry.contains("data_offsets"),
           "expected dtype, shape and data_offsets and nothing else");
  const json &type = entry["dtype"], &shape = entry["shape"], &offsets = entry["data_offsets"];
  NN_CHECK(type.is_string() && shape.is_array() && shape.size() <= 64, "its dtype or shape is malformed");
  NN_CHECK(offsets.is_array() && offsets.size() == 2, "its data_offsets are not two numbers");

  StoredTensor tensor{.name = tensor_name, .type = parse_type(type.get<std::string>()), .shape = {}, .bytes = {}};
  for (const json& length : shape) {
    tensor.shape.push_back(static_cast<std::int64_t>(parse_unsigned(length, "shape")));
  }
  const TensorExtent extent{parse_unsigned(offsets[0], "data_offsets"), parse_unsigned(offsets[1], "data_offsets")};
  const std::uint64_t size = checked_size(tensor);
  NN_CHECK(extent.begin <= extent.end && extent.end - extent.begin == size, "its shape needs ", size,
           " bytes, its data_offsets are ", extent.begin, " to ", extent.end);
  return {std::move(tensor), extent};
}

/// The extents in order, without holes or overlaps, exactly filling the data part.
void check_layout(const SafetensorsHeader& header, std::uint64_t data_size) {
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < header.extents.size(); ++i) {
    const TensorExtent& extent = header.extents[i];
    NN_CHECK(extent.begin == expected, "tensor ", printable(header.tensors[i].name),
             extent.begin < expected ? " overlaps another" : " leaves a hole", ": it begins at byte ", extent.begin,
             " of the data, expected ", expected);
    expected = extent.end;
  }
  NN_CHECK(expected == data_size, "the tensors need ", expected, " bytes of data, the file has ", data_size,
           expected > data_size ? " (it is truncated)" : "");
}

}  // namespace

std::uint64_t checked_size(const StoredTensor& tensor) {
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t size = size_of(tensor.type);
  for (const std::int64_t length : tensor.shape) {
    NN_CHECK(length >= 0, "its shape has a negative length");
    NN_CHECK(length == 0 || size <= limit / static_cast<std::uint64_t>(length), "its shape has too many elements");
    size *= static_cast<std::uint64_t>(length);
  }
  return size;
}

SafetensorsHeader parse_safetensors_header(const std::string& text, std::uint64_t data_size) {
  SafetensorsHeader header;
  std::vector<std::pair<StoredTensor, TensorExtent>> entries;
  const json object = parse_strictly(text);
  for (const auto& [key, value] : object.items()) {
    if (key == metadata_key) {
      header.metadata = parse_metadata(value);
      continue;
    }
    try {
      entries.push_back(parse_tensor(key, value));
    } catch (const nn::Error& error) {
      throw nn::Error(nn::message("tensor ", printable(key), ": ", error.what()));
    }
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second.begin, a.second.end, a.first.name) < std::tie(b.second.begin, b.second.end, b.first.name);
  });
  for (auto& [tensor, extent] : entries) {
    header.tensors.push_back(std::move(tensor));
    header.extents.push_back(extent);
  }
  check_layout(header, data_size);
  return header;
}

std::string format_safetensors_header(const std::vector<const StoredTensor*>& order,
                                      const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[std::string(metadata_key)] = metadata;
  std::uint64_t offset = 0;
  for (const StoredTensor* tensor : order) {
    const std::uint64_t end = offset + tensor->bytes.size();
    header[tensor->name] = {{"dtype", name(tensor->type)}, {"shape", tensor->shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  try {
    std::string text = header.dump();
    text.append((header_alignment - text.size() % header_alignment) % header_alignment, ' ');
    return text;
  } catch (const nlohmann::json::type_error&) {
    throw nn::Error("a name or a metadata text is not UTF-8");
  }
}

}  // namespace io
