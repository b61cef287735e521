// Rows of a gradient that take in the gradients of their channels' mean and variance.
#pragma once

#include <cstdint>

namespace nn::cpu {

/// dx = constant + slope (x - mean) + beta dx, for `rows` rows of `columns` elements; mean, constant and slope: one
/// element a column. With beta 0, dx is not read.
template <class T>
struct StatisticsRows {
  const T* x;
  std::int64_t x_pitch;
  T* dx;
  std::int64_t dx_pitch;
  std::int64_t rows, columns;
  const T *mean, *constant, *slope;
  T beta;
};
template <class T>
void statistics_rows_backward(const StatisticsRows<T>& rows);

}  // namespace nn::cpu
