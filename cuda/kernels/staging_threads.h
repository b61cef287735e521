// What one thread of the kernels of staging.h does.
#pragma once

#include <cstdint>

#include "cuda/launch/channel_map.h"
#include "cuda/launch/elementwise.h"
#include "cuda/launch/launch.h"
#include "cuda/launch/packed.h"

namespace cuda {

/// z = x, 0 where z has a row or a channel that x has not.
template <class T, int width>
struct Gather {
  VectorGrid grid;  // of z
  Rows<const T> x;
  std::int64_t x_rows, x_c;
  Rows<T> z;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    const std::int64_t left = place.row < x_rows ? x_c - place.column : 0;
    const int given = left <= 0 ? 0 : left < place.count ? static_cast<int>(left) : place.count;
    Packed<T, width>::load(x.at(place.row, place.column), given).store(z.at(place.row, place.column), place.count);
  }
};

/// relu?(x * scale + shift), for ChannelMap: a thread loads the numbers of its channels once, not with every pixel.
struct Prologue {
  const float* scale;  // or null
  const float* shift;  // or null
  bool relu;

  template <int width>
  struct Channels {
    Floats<width> scale, shift;
    bool relu;

    NN_HOST_DEVICE float operator()(int i, float x) const {
      const float value = x * scale.v[i] + shift.v[i];
      return relu && value < 0 ? 0 : value;
    }
  };
  template <int width>
  NN_HOST_DEVICE Channels<width> of_channels(std::uint32_t column, int count) const {
    Channels<width> channels{{}, {}, relu};
    NN_UNROLL for (float& factor : channels.scale.v) factor = 1;
    if (scale != nullptr) channels.scale = load_channels<width>(scale, column, count);
    if (shift != nullptr) channels.shift = load_channels<width>(shift, column, count);
    return channels;
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
