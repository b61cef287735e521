// Rows and columns that convolutions and pools see around an image.
#pragma once

#include <algorithm>
#include <cstdint>

namespace nn {

struct Padding {
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;
  bool operator==(const Padding&) const = default;
};
/// The same on all four sides.
inline constexpr Padding pad(std::int64_t all) { return {all, all, all, all}; }

/// Keras' "same": an output of ceil(h / stride_h) x ceil(w / stride_w); an odd row or column goes to the bottom or
/// right.
inline constexpr Padding same_padding(std::int64_t h, std::int64_t w, std::int64_t kernel_h, std::int64_t kernel_w,
                                      std::int64_t stride_h, std::int64_t stride_w) {
  const auto needed = [](std::int64_t size, std::int64_t kernel, std::int64_t stride) {
    const std::int64_t outputs = (size + stride - 1) / stride;
    return std::max<std::int64_t>(0, (outputs - 1) * stride + kernel - size);
  };
  const std::int64_t rows = needed(h, kernel_h, stride_h), columns = needed(w, kernel_w, stride_w);
  return {rows / 2, columns / 2, rows - rows / 2, columns - columns / 2};
}

}  // namespace nn
