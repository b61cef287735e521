// What one thread of an element-wise kernel does.
#pragma once

#include <cstdint>
#include <utility>

#include "cuda/launch/launch.h"
#include "cuda/launch/packed.h"

namespace cuda {

/// A tensor's elements as a kernel addresses them.
template <class T>
struct Rows {
  T* data;
  std::int64_t pitch;

  NN_HOST_DEVICE T* at(std::int64_t row, std::int64_t column) const { return data + row * pitch + column; }
};

/// out = f(in...) + beta * out for one vector of elements. `out` may be one of the inputs.
template <class F, class T, int width, int inputs>
struct Map {
  VectorGrid grid;
  F f;
  Rows<const T> in[inputs];
  Rows<T> out;
  float beta;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count > 0) run(place, std::make_integer_sequence<int, inputs>());
  }

 private:
  template <int... k>
  NN_HOST_DEVICE void run(const Place& place, std::integer_sequence<int, k...> /*inputs*/) const {
    const Floats<width> values[] = {load<width>(in[k].at(place.row, place.column), place.count)...};
    Floats<width> result;
    NN_UNROLL for (int i = 0; i < width; ++i) result.v[i] = f(values[k].v[i]...);
    store<width>(out.at(place.row, place.column), result, place.count, beta);
  }
};

}  // namespace cuda
