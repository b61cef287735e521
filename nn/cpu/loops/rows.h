// Rows on their way into and out of a matrix product: the prologue and the epilogue are the same few operations.
#pragma once

#include <cstdint>

namespace nn::cpu {

/// to = relu?(from * scale + shift) + beta * to, for `rows` rows of `columns` elements; scale and shift per column,
/// null if left out. With beta 0, `to` is not read. `from` and `to` do not overlap.
template <class T>
struct RowTransform {
  const T* from;
  std::int64_t from_pitch;
  T* to;
  std::int64_t to_pitch;
  std::int64_t rows, columns;
  const T* scale = nullptr;
  const T* shift = nullptr;
  bool relu = false;
  T beta = 0;
};
template <class T>
void transform_rows(const RowTransform<T>& transform);

}  // namespace nn::cpu
