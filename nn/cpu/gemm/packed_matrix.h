// A right operand that many pieces of a product use (the weights): packed once.
#pragma once

#include <cstdint>

#include "nn/cpu/gemm/matrix_io.h"
#include "nn/tensor/tensor.h"

namespace nn::cpu {

template <class T>
class PackedMatrix {
 public:
  /// From the matrix itself: `depth` rows of `columns`.
  static PackedMatrix from_rows(const MatrixReader<T>& matrix, std::int64_t depth, std::int64_t columns);
  /// From the transposed: `columns` rows of `depth`.
  static PackedMatrix from_transposed(const MatrixReader<T>& matrix, std::int64_t depth, std::int64_t columns);

  std::int64_t depth() const { return depth_; }
  std::int64_t columns() const { return columns_; }
  /// Depths [begin, begin + count), one of the runs of depth(), of the columns from `column` on, as Block::b wants
  /// them.
  const T* block(std::int64_t begin, std::int64_t count, std::int64_t column) const {
    return data_.data<T>() + begin * padded_columns_ + column * count;
  }

 private:
  PackedMatrix(std::int64_t depth, std::int64_t columns);
  /// pack(begin, count, column, used, width, to) for every panel: `width` columns of which `used` exist, to `to`.
  template <class Pack>
  void for_each_panel(const Pack& pack) const;

  std::int64_t depth_, columns_, padded_columns_;
  Tensor data_;  // run of depth by run of depth, in each the panels one after another
};

}  // namespace nn::cpu
