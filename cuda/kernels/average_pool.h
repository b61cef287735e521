// What one thread of mean pooling does: a vector of channels of one pixel, backward as a gather.
#pragma once

#include <cstdint>

#include "cuda/launch/elementwise.h"
#include "cuda/launch/pool_window.h"
#include "cuda/launch/row_reduction.h"

namespace cuda {

/// What the sum of window (line, column) is multiplied by.
NN_HOST_DEVICE inline float window_share(const PoolWindows& windows, std::int32_t line, std::int32_t column,
                                         bool count_padding) {
  const std::int32_t count =
      windows.vertical.extent(line, count_padding) * windows.horizontal.extent(column, count_padding);
  return 1.0F / static_cast<float>(count);
}

template <class T, int width>
struct AveragePoolForward {
  VectorGrid grid;  // of y
  Pixels pixels;    // of y
  PoolWindows windows;
  bool count_padding;
  Rows<const T> x;
  Rows<T> y;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    const Pixel pixel = pixels.pixel(place.row);
    Floats<width> sum;
    windows.for_each_seen(pixel, [&](std::int32_t line, std::int32_t column) {
      const auto values = load<width>(x.at(windows.x_row(pixel.image, line, column), place.column), place.count);
      NN_UNROLL for (int i = 0; i < width; ++i) sum.v[i] += values.v[i];
    });
    const float share = window_share(windows, pixel.line, pixel.column, count_padding);
    NN_UNROLL for (int i = 0; i < width; ++i) sum.v[i] *= share;
    store<width>(y.at(place.row, place.column), sum, place.count);
  }
};

template <class T, int width>
struct AveragePoolBackward {
  VectorGrid grid;  // of dx
  Pixels pixels;    // of dx
  PoolWindows windows;
  bool count_padding;
  Rows<const T> dy;
  Rows<T> dx;
  float beta;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    const Pixel pixel = pixels.pixel(place.row);
    Floats<width> sum;
    windows.for_each_window_of(pixel, [&](std::int32_t line, std::int32_t column) {
      const float share = window_share(windows, line, column, count_padding);
      const auto values = load<width>(dy.at(windows.y_row(pixel.image, line, column), place.column), place.count);
      NN_UNROLL for (int i = 0; i < width; ++i) sum.v[i] += share * values.v[i];
    });
    store<width>(dx.at(place.row, place.column), sum, place.count, beta);
  }
};

/// The mean over each image: the sums of row_reduction.h, with an image for a slice.
template <class T, int vector_width>
struct GlobalAverageForward {
  static constexpr int width = vector_width;
  using Sums = SliceSums<ElementTerms<T, width>>;
  using Shared = typename Sums::Shared;

  Sums sums;  // its `partial` is not used
  Rows<T> y;

  GlobalAverageForward(std::int64_t images, std::int64_t pixels, std::int64_t c, Rows<const T> x, Rows<T> means)
      : sums{{RowSlices::of_images(images, pixels, c, width), nullptr}, {x}}, y(means) {}

  std::int64_t blocks() const { return sums.slices.blocks(); }

  NN_HOST_DEVICE void load(std::uint32_t block, std::uint32_t thread, Shared& shared) const {
    sums.load(block, thread, shared);
  }
  NN_HOST_DEVICE std::uint32_t first_step() const { return sums.first_step(); }
  NN_HOST_DEVICE void combine(std::uint32_t thread, std::uint32_t step, Shared& shared) const {
    sums.combine(thread, step, shared);
  }
  NN_HOST_DEVICE void write(std::uint32_t block, std::uint32_t thread, const Shared& shared) const {
    if (thread >= sums.slices.lanes) return;
    const RowSlices::Share share = sums.slices.share(block, thread);
    Floats<width> means;
    NN_UNROLL for (int i = 0; i < width; ++i) {
      means.v[i] = shared.values[i][thread] / static_cast<float>(sums.slices.rows_per_slice);
    }
    if (share.count > 0) store<width>(y.at(sums.slices.slice(block), share.column), means, share.count);
  }
};

/// dx = dy / (h w) + beta * dx, in every pixel.
template <class T, int width>
struct GlobalAverageBackward {
  VectorGrid grid;  // of dx
  Divisor pixels;   // of an image
  float share;
  Rows<const T> dy;
  Rows<T> dx;
  float beta;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    auto values = load<width>(dy.at(pixels.quotient(place.row), place.column), place.count);
    NN_UNROLL for (int i = 0; i < width; ++i) values.v[i] *= share;
    store<width>(dx.at(place.row, place.column), values, place.count, beta);
  }
};

}  // namespace cuda
