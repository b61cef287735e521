// What one thread of the kernels that set and convert values does: one element.
#pragma once

#include "cuda/launch/elementwise.h"
#include "nn/functors/convert.h"

namespace cuda {

template <class T>
struct Fill {
  VectorGrid grid;  // of single elements
  T value;
  Rows<T> y;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count > 0) *y.at(place.row, place.column) = value;
  }
};

template <class From, class To>
struct Cast {
  VectorGrid grid;  // of single elements
  Rows<const From> x;
  Rows<To> y;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    *y.at(place.row, place.column) = nn::functors::convert<To>(*x.at(place.row, place.column));
  }
};

template <class T>
struct CopyIf {
  VectorGrid grid;  // of single elements
  const double* flag;
  Rows<const T> x;
  Rows<T> y;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count > 0 && *flag != 0) *y.at(place.row, place.column) = *x.at(place.row, place.column);
  }
};

}  // namespace cuda
