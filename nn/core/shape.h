// The shape of every tensor: n images of h x w pixels with c channels (NHWC).
#pragma once

#include <cstdint>
#include <ostream>

namespace nn {

/// Weights are {out, kernel_h, kernel_w, in}, vectors {1, 1, 1, c}, matrices {rows, 1, 1, c}, scalars {1, 1, 1, 1}.
struct Shape {
  std::int64_t n = 1, h = 1, w = 1, c = 1;

  /// Pixels: everything is rows x channels.
  std::int64_t rows() const { return n * h * w; }
  std::int64_t elements() const { return rows() * c; }
  bool operator==(const Shape&) const = default;
};

inline Shape vector_shape(std::int64_t c) { return {1, 1, 1, c}; }
inline Shape matrix_shape(std::int64_t rows, std::int64_t c) { return {rows, 1, 1, c}; }

inline std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << '{' << s.n << ", " << s.h << ", " << s.w << ", " << s.c << '}';
}

}  // namespace nn
