// Matrix products of f32 matrices whose factors are rounded to bf16, with f32 sums.
#pragma once

#include <cstdint>

#include "nn/cpu/bf16/bf16_tile.h"
#include "nn/cpu/gemm/matrix_io.h"
#include "nn/tensor/tensor.h"

namespace nn::cpu {

/// A right operand (the weights), rounded and packed once: runs of depth, in each the panels one after another, as
/// Bf16Block::b has them.
class Bf16Matrix {
 public:
  /// From the transposed: `columns` rows of `depth`.
  Bf16Matrix(const MatrixReader<float>& transposed, std::int64_t depth, std::int64_t columns, const Bf16Kernel& kernel);

  static std::int64_t bytes(std::int64_t depth, std::int64_t columns);
  std::int64_t depth() const { return depth_; }
  std::int64_t columns() const { return columns_; }
  /// The run that begins at `begin`, in multiples of 32 `depth` deep, from the first column of a panel on.
  const bfloat16* block(std::int64_t begin, std::int64_t depth, std::int64_t column) const {
    return data_.data<bfloat16>() + begin * padded_columns_ + column * depth;
  }

 private:
  std::int64_t depth_, columns_, padded_columns_;
  Tensor data_;
};

/// C = A B, A `rows` rows of B.depth(). Pieces of C depend on shapes and the kernel alone.
void multiply_bf16(const MatrixReader<float>& a, std::int64_t rows, const Bf16Matrix& b, const MatrixWriter<float>& c,
                   const Bf16Kernel& kernel);

}  // namespace nn::cpu
