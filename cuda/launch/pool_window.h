// Which pixels a pooling window sees, and which windows see a pixel, in a kernel's 32-bit arithmetic;
// nn/cpu/loops/windows.h says the same in plain words. The pools' Parity suites compare what comes of the two.
#pragma once

#include <cstdint>

#include "cuda/launch/launch.h"
#include "nn/kernels/pool.h"

namespace cuda {

/// Numbers [begin, end).
struct WindowRange {
  std::int32_t begin, end;
};

/// One axis of a pool: window i sees positions i * stride - before + [0, kernel), cut off at the image's edges.
class PoolAxis {
 public:
  PoolAxis(std::int64_t size, std::int64_t outputs, std::int64_t kernel, std::int64_t stride, std::int64_t before,
           std::int64_t after)
      : size_(static_cast<std::int32_t>(size)),
        outputs_(static_cast<std::int32_t>(outputs)),
        kernel_(static_cast<std::int32_t>(kernel)),
        stride_(static_cast<std::int32_t>(stride)),
        before_(static_cast<std::int32_t>(before)),
        after_(static_cast<std::int32_t>(after)),
        by_stride_(static_cast<std::uint32_t>(stride)) {}

  NN_HOST_DEVICE std::int32_t size() const { return size_; }
  NN_HOST_DEVICE std::int32_t outputs() const { return outputs_; }
  NN_HOST_DEVICE std::int32_t kernel() const { return kernel_; }

  NN_HOST_DEVICE std::int32_t start(std::int32_t window) const { return window * stride_ - before_; }
  /// Positions of the image that the window sees.
  NN_HOST_DEVICE WindowRange seen(std::int32_t window) const {
    const std::int32_t begin = start(window), end = begin + kernel_;
    return {begin > 0 ? begin : 0, end < size_ ? end : size_};
  }
  /// What a mean over the window divides by, along this axis: positions in the image, or in the image and its padding
  /// (but not what a ceil rule hangs over it).
  NN_HOST_DEVICE std::int32_t extent(std::int32_t window, bool count_padding) const {
    if (count_padding) {
      const std::int32_t end = start(window) + kernel_;
      return (end < size_ + after_ ? end : size_ + after_) - start(window);
    }
    const WindowRange range = seen(window);
    return range.end - range.begin;
  }
  /// Windows that see a position of the image.
  NN_HOST_DEVICE WindowRange windows_of(std::int32_t position) const {
    const std::int32_t shifted = position + before_;
    const std::int32_t first = shifted < kernel_ ? 0 : divided(shifted - kernel_) + 1;
    const std::int32_t end = divided(shifted) + 1;
    return {first, end < outputs_ ? end : outputs_};
  }

 private:
  NN_HOST_DEVICE std::int32_t divided(std::int32_t number) const {
    return static_cast<std::int32_t>(by_stride_.quotient(static_cast<std::uint32_t>(number)));
  }

  std::int32_t size_, outputs_, kernel_, stride_, before_, after_;
  Divisor by_stride_;
};

/// A pixel of an image of a batch.
struct Pixel {
  std::int32_t image, line, column;
};

/// From a row's number to its pixel, in images of h x w.
class Pixels {
 public:
  Pixels(std::int64_t h, std::int64_t w)
      : w_(static_cast<std::uint32_t>(w)), pixels_(static_cast<std::uint32_t>(h * w)) {}

  NN_HOST_DEVICE Pixel pixel(std::uint32_t row) const {
    const std::uint32_t image = pixels_.quotient(row), within = pixels_.remainder(row);
    return {static_cast<std::int32_t>(image), static_cast<std::int32_t>(w_.quotient(within)),
            static_cast<std::int32_t>(w_.remainder(within))};
  }

 private:
  Divisor w_, pixels_;
};

/// Both axes of a pool from images of `x`'s shape to images of `y`'s.
struct PoolWindows {
  PoolAxis vertical, horizontal;

  PoolWindows(const nn::Shape& x, const nn::Shape& y, const nn::PoolGeometry& g)
      : vertical(x.h, y.h, g.kernel_h, g.stride_h, g.padding.top, g.padding.bottom),
        horizontal(x.w, y.w, g.kernel_w, g.stride_w, g.padding.left, g.padding.right) {}

  /// Rows of x and y.
  NN_HOST_DEVICE std::int64_t x_row(std::int32_t image, std::int32_t line, std::int32_t column) const {
    return (std::int64_t{image} * vertical.size() + line) * horizontal.size() + column;
  }
  NN_HOST_DEVICE std::int64_t y_row(std::int32_t image, std::int32_t line, std::int32_t column) const {
    return (std::int64_t{image} * vertical.outputs() + line) * horizontal.outputs() + column;
  }

  /// Calls visit(line, column) for the pixels of x that the window of y's pixel sees.
  template <class Visit>
  NN_HOST_DEVICE void for_each_seen(const Pixel& pixel, const Visit& visit) const {
    for_each(vertical.seen(pixel.line), horizontal.seen(pixel.column), visit);
  }
  /// Calls visit(line, column) for the windows that see x's pixel.
  template <class Visit>
  NN_HOST_DEVICE void for_each_window_of(const Pixel& pixel, const Visit& visit) const {
    for_each(vertical.windows_of(pixel.line), horizontal.windows_of(pixel.column), visit);
  }

 private:
  template <class Visit>
  NN_HOST_DEVICE static void for_each(const WindowRange& lines, const WindowRange& columns, const Visit& visit) {
    for (std::int32_t line = lines.begin; line < lines.end; ++line) {
      for (std::int32_t column = columns.begin; column < columns.end; ++column) visit(line, column);
    }
  }
};

}  // namespace cuda
