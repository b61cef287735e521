// An element-wise kernel whose function differs from channel to channel: a thread loads what it needs of its channels
// once and then walks down the rows.
#pragma once

#include <cstdint>

#include "cuda/launch/elementwise.h"
#include "cuda/launch/row_reduction.h"

namespace cuda {

/// `count` numbers of a vector from `column` on, wherever it begins; the others 0. In vectors of 16 bytes where it can
/// be: a thread of few rows would else spend more instructions on its channels' numbers than on its rows.
template <int width>
NN_HOST_DEVICE Floats<width> load_channels(const float* vector, std::uint32_t column, int count) {
  const float* from = vector + column;
  if (reinterpret_cast<std::uintptr_t>(from) % alignof(Packed<float, width>) == 0) return load<width>(from, count);
  Floats<width> values;
  NN_UNROLL for (int i = 0; i < width; ++i) {
    if (i < count) values.v[i] = from[i];
  }
  return values;
}

/// out = f(x) + beta * out. `Function` has
///   template <int width> NN_HOST_DEVICE auto of_channels(std::uint32_t column, int count) const;
/// an object that maps element i of a thread's vector: float operator()(int i, float x) const.
template <class Function, class T, int vector_width>
struct ChannelMap {
  static constexpr int width = vector_width;
  /// Rows whose loads are in flight together.
  static constexpr int rows_at_once = 4;

  RowSlices slices;
  Function function;
  Rows<const T> x;
  Rows<T> out;
  float beta;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const RowSlices::Share share = slices.share(block, thread);
    if (share.count == 0) return;
    const auto f = function.template of_channels<width>(share.column, share.count);
    const std::int64_t lines = slices.lines;
    std::int64_t row = share.first;
    for (; row + (rows_at_once - 1) * lines < share.end; row += rows_at_once * lines) {
      Floats<width> values[rows_at_once];
      NN_UNROLL for (int k = 0; k < rows_at_once; ++k) values[k] = load_row(share, row + k * lines);
      NN_UNROLL for (int k = 0; k < rows_at_once; ++k) write_row(share, row + k * lines, f, values[k]);
    }
    for (; row < share.end; row += lines) write_row(share, row, f, load_row(share, row));
  }

 private:
  NN_HOST_DEVICE Floats<width> load_row(const RowSlices::Share& share, std::int64_t row) const {
    return cuda::load<width>(x.at(row, share.column), share.count);
  }
  template <class F>
  NN_HOST_DEVICE void write_row(const RowSlices::Share& share, std::int64_t row, const F& f,
                                Floats<width> values) const {
    NN_UNROLL for (int i = 0; i < width; ++i) values.v[i] = f(i, values.v[i]);
    store<width>(out.at(row, share.column), values, share.count, beta);
  }
};

}  // namespace cuda
