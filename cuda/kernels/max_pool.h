// What one thread of maximum pooling does: a vector of channels of one pixel. Backward is a gather: every pixel of dx
// asks the windows that see it, so that it has one writer.
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/launch/elementwise.h"
#include "cuda/launch/pool_window.h"
#include "nn/functors/pool.h"

namespace cuda {

template <class T, class Index, int width>
struct MaxPoolForward {
  VectorGrid grid;  // of y
  Pixels pixels;    // of y
  PoolWindows windows;
  Rows<const T> x;
  Rows<T> y;
  Rows<Index> argmax;  // null: not wanted

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    const Pixel pixel = pixels.pixel(place.row);
    Floats<width> best;
    Packed<Index, width> from;
    NN_UNROLL for (int i = 0; i < width; ++i) best.v[i] = -INFINITY;
    windows.for_each_seen(pixel, [&](std::int32_t line, std::int32_t column) {
      const std::int32_t p = line - windows.vertical.start(pixel.line);
      const std::int32_t q = column - windows.horizontal.start(pixel.column);
      const auto position = static_cast<Index>(p * windows.horizontal.kernel() + q);
      const auto values = load<width>(x.at(windows.x_row(pixel.image, line, column), place.column), place.count);
      NN_UNROLL for (int i = 0; i < width; ++i) {
        if (!nn::functors::is_larger(values.v[i], best.v[i])) continue;
        best.v[i] = values.v[i];
        from.v[i] = position;
      }
    });
    store<width>(y.at(place.row, place.column), best, place.count);
    if (argmax.data != nullptr) from.store(argmax.at(place.row, place.column), place.count);
  }
};

template <class T, class Index, int width>
struct MaxPoolBackward {
  VectorGrid grid;  // of dx
  Pixels pixels;    // of dx
  PoolWindows windows;
  Rows<const T> dy;
  Rows<const Index> argmax;
  Rows<T> dx;
  float beta;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    const Pixel pixel = pixels.pixel(place.row);
    Floats<width> sum;
    windows.for_each_window_of(pixel, [&](std::int32_t line, std::int32_t column) {
      const std::int32_t p = pixel.line - windows.vertical.start(line);
      const std::int32_t q = pixel.column - windows.horizontal.start(column);
      const auto position = static_cast<Index>(p * windows.horizontal.kernel() + q);
      const std::int64_t row = windows.y_row(pixel.image, line, column);
      const auto from = Packed<Index, width>::load(argmax.at(row, place.column), place.count);
      const auto values = load<width>(dy.at(row, place.column), place.count);
      NN_UNROLL for (int i = 0; i < width; ++i) {
        if (from.v[i] == position) sum.v[i] += values.v[i];
      }
    });
    store<width>(dx.at(place.row, place.column), sum, place.count, beta);
  }
};

}  // namespace cuda
