// Which pixels a pooling window sees, and which windows see a pixel.
#pragma once

#include <algorithm>
#include <cstdint>

#include "nn/core/parallel.h"
#include "nn/kernels/pool.h"

namespace nn::cpu {

/// Indices [begin, end).
struct Range {
  std::int64_t begin, end;
  std::int64_t size() const { return end - begin; }
};

/// One axis of a pool: window i sees positions i * stride - before + [0, kernel), cut off at the image's edges.
struct WindowAxis {
  std::int64_t size, outputs, kernel, stride, before, after;

  std::int64_t start(std::int64_t window) const { return window * stride - before; }
  /// Positions of the image that the window sees.
  Range seen(std::int64_t window) const {
    return {std::max<std::int64_t>(0, start(window)), std::min(size, start(window) + kernel)};
  }
  /// The same with the padding, but not what a ceil rule hangs over it.
  std::int64_t padded_extent(std::int64_t window) const {
    return std::min(size + after, start(window) + kernel) - start(window);
  }
  /// Windows that see a position of the image.
  Range windows_of(std::int64_t position) const {
    const std::int64_t shifted = position + before;
    const std::int64_t first = shifted < kernel ? 0 : (shifted - kernel) / stride + 1;
    return {first, std::min(outputs, shifted / stride + 1)};
  }
};

/// Both axes of a pool from images of `x`'s shape to images of `y`'s.
struct Windows {
  WindowAxis vertical, horizontal;

  Windows(const Shape& x, const Shape& y, const PoolGeometry& g)
      : vertical{x.h, y.h, g.kernel_h, g.stride_h, g.padding.top, g.padding.bottom},
        horizontal{x.w, y.w, g.kernel_w, g.stride_w, g.padding.left, g.padding.right} {}
};

/// body(image, i, j): for every pixel of images of this shape, in parallel over their lines.
template <class Body>
void for_each_pixel(const Shape& shape, const Body& body) {
  const std::int64_t lines_per_chunk = std::max<std::int64_t>(1, (std::int64_t{1} << 15) / (shape.w * shape.c));
  parallel_for(0, shape.n * shape.h, lines_per_chunk, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t line = begin; line < end; ++line) {
      for (std::int64_t j = 0; j < shape.w; ++j) body(line / shape.h, line % shape.h, j);
    }
  });
}

/// row = beta * row; with beta 0 it is not read.
template <class T>
void scale_row(std::int64_t c, float beta, T* row) {
  if (beta == 1) return;
  for (std::int64_t i = 0; i < c; ++i) row[i] = beta == 0 ? T(0) : T(beta) * row[i];
}

}  // namespace nn::cpu
