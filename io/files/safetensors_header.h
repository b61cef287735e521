// The JSON header of a .safetensors file: parsing without trust, and writing. Used by safetensors.cpp alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/files/safetensors.h"

namespace io {

inline constexpr std::uint64_t max_header_size = 100'000'000;  // as the reference implementation
inline constexpr std::string_view metadata_key = "__metadata__";

/// Where a tensor's bytes lie, counted from the end of the header.
struct TensorExtent {
  std::uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  std::vector<StoredTensor> tensors;  // in the order of their extents, bytes empty
  std::vector<TensorExtent> extents;
  std::map<std::string, std::string> metadata;
};

/// `data_size` is the number of bytes after the header, which the tensors must fill exactly. Throws nn::Error (without
/// the file's name) for anything that does not fit the format.
SafetensorsHeader parse_safetensors_header(const std::string& text, std::uint64_t data_size);

/// The header of `tensors`, whose bytes follow in this order; padded with spaces to a multiple of 8.
std::string format_safetensors_header(const std::vector<const StoredTensor*>& tensors,
                                      const std::map<std::string, std::string>& metadata);

/// The number of bytes that the shape and type need; an error if it does not fit 63 bits.
std::uint64_t checked_size(const StoredTensor& tensor);

}  // namespace io
