// The maximum of a pool's window, channel by channel, and the way of its gradient. Plain loops; for what networks have,
// floats and windows of at most 256 pixels, in Highway.
#pragma once

#include <cstdint>
#include <limits>

#include "nn/functors/pool.h"

namespace nn::cpu {

/// The pixels that a window sees, or the windows that see a pixel: `lines` x `columns` rows of channels, those of a
/// line one after another, the lines `line_rows` rows apart. The first has `position` in the window, the others this
/// and so many steps.
struct WindowRows {
  std::int64_t lines, columns, line_rows;
  std::int64_t position, line_position, column_position;

  /// body(row, position) for each, in order.
  template <class Body>
  void for_each(const Body& body) const {
    for (std::int64_t i = 0; i < lines; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        body(i * line_rows + j, position + i * line_position + j * column_position);
      }
    }
  }
};

/// best = the maxima of the rows of x, x_pitch apart, and from = the first positions that have them; `from` may be
/// null.
template <class T, class Index>
void max_of_rows(const WindowRows& rows, std::int64_t c, const T* x, std::int64_t x_pitch, T* best, Index* from) {
  for (std::int64_t k = 0; k < c; ++k) {
    T largest = -std::numeric_limits<T>::infinity();
    Index origin = 0;
    rows.for_each([&](std::int64_t row, std::int64_t position) {
      const T value = x[row * x_pitch + k];
      if (!functors::is_larger(value, largest)) return;
      largest = value;
      origin = static_cast<Index>(position);
    });
    best[k] = largest;
    if (from != nullptr) from[k] = origin;
  }
}
template <>
void max_of_rows(const WindowRows& rows, std::int64_t c, const float* x, std::int64_t x_pitch, float* best,
                 std::uint8_t* from);

/// dx = the sum of dy over the windows whose maximum came from this pixel, + beta * dx. With beta 0, dx is not read.
template <class T, class Index>
void sum_where_largest(const WindowRows& windows, std::int64_t c, const T* dy, std::int64_t dy_pitch, const Index* from,
                       std::int64_t from_pitch, T beta, T* dx) {
  for (std::int64_t k = 0; k < c; ++k) {
    T sum = beta == 0 ? T(0) : beta * dx[k];
    windows.for_each([&](std::int64_t row, std::int64_t position) {
      if (from[row * from_pitch + k] == static_cast<Index>(position)) sum += dy[row * dy_pitch + k];
    });
    dx[k] = sum;
  }
}
template <>
void sum_where_largest(const WindowRows& windows, std::int64_t c, const float* dy, std::int64_t dy_pitch,
                       const std::uint8_t* from, std::int64_t from_pitch, float beta, float* dx);

}  // namespace nn::cpu
