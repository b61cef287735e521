// What one thread of the kernels of staging.h does.
#pragma once

#include <cstdint>

#include "cuda/elementwise.h"
#include "cuda/launch.h"
#include "cuda/packed.h"

namespace cuda {

/// z = relu?(x * scale + shift), 0 where z has a row or a channel that x has not.
template <class T, int width>
struct Gather {
  VectorGrid grid;  // of z
  Rows<const T> x;
  std::int64_t x_rows, x_c;
  const float* scale;  // or null
  const float* shift;  // or null
  bool relu;
  Rows<T> z;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    const std::int64_t left = place.row < x_rows ? x_c - place.column : 0;
    const int given = left <= 0 ? 0 : left < place.count ? static_cast<int>(left) : place.count;
    auto values = load<width>(x.at(place.row, place.column), given);
    NN_UNROLL for (int i = 0; i < width; ++i) {
      if (i < given) values.v[i] = prologue(values.v[i], place.column + static_cast<std::uint32_t>(i));
    }
    store<width>(z.at(place.row, place.column), values, place.count);
  }

 private:
  NN_HOST_DEVICE float prologue(float value, std::uint32_t channel) const {
    if (scale != nullptr) value *= scale[channel];
    if (shift != nullptr) value += shift[channel];
    return relu && value < 0 ? 0 : value;
  }
};

/// y = x + beta * y
template <class From, class To, int width>
struct Scatter {
  VectorGrid grid;  // of y
  Rows<const From> x;
  Rows<To> y;
  float beta;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    store<width>(y.at(place.row, place.column), load<width>(x.at(place.row, place.column), place.count), place.count,
                 beta);
  }
};

}  // namespace cuda
