// Rows of a gradient on their way back through a normalisation z = relu?(scale x + shift): all that one element needs
// while it is at hand.
#pragma once

#include <cstdint>

namespace nn::cpu {

/// For `rows` rows of `columns` elements, with d = dz, zero where relu cut off (scale x + shift <= 0):
///
///   sum += d      product += d (x - mean)      dx = scale d + beta dx
///
/// mean, scale, shift, sum and product: one element a column. With beta 0, dx is not read; null: not wanted.
template <class T>
struct NormalizedRows {
  const T* dz;
  std::int64_t dz_pitch;
  const T* x;
  std::int64_t x_pitch;
  T* dx;
  std::int64_t dx_pitch;
  std::int64_t rows, columns;
  const T *mean, *scale, *shift;
  bool relu;
  T beta;
  T *sum, *product;
};
template <class T>
void normalize_rows_backward(const NormalizedRows<T>& rows);

}  // namespace nn::cpu
