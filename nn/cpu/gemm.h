// Matrix products whose operands are read through small interfaces, so that convolutions never build their matrices:
// packing reads patches where they lie in the image, and writing puts results where they belong.
#pragma once

#include <cstdint>

#include "nn/cpu/gemm_tile.h"
#include "nn/tensor/tensor.h"

namespace nn::cpu {

/// A matrix that packing reads. Any thread may call.
template <class T>
class MatrixReader {
 public:
  virtual ~MatrixReader() = default;
  /// Copies columns [column, column + columns) of rows [row, row + rows) to `to`, rows `pitch` elements apart.
  virtual void read(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, T* to,
                    std::int64_t pitch) const = 0;
};

/// Takes finished blocks of the result, each element once. Any thread may call.
template <class T>
class MatrixWriter {
 public:
  virtual ~MatrixWriter() = default;
  virtual void write(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, const T* from,
                     std::int64_t pitch) const = 0;
};

/// A right operand that many blocks of rows use: packed once.
template <class T>
class PackedMatrix {
 public:
  /// From the matrix itself: `depth` rows of `columns`.
  static PackedMatrix from_rows(const MatrixReader<T>& matrix, std::int64_t depth, std::int64_t columns);
  /// From the transposed: `columns` rows of `depth`.
  static PackedMatrix from_transposed(const MatrixReader<T>& matrix, std::int64_t depth, std::int64_t columns);

  std::int64_t depth() const { return depth_; }
  std::int64_t columns() const { return columns_; }
  /// Depths [begin, begin + count) of the columns from `column` on, as Block::b wants them.
  const T* block(std::int64_t begin, std::int64_t count, std::int64_t column) const {
    return data_.data<T>() + begin * padded_columns_ + column * count;
  }

 private:
  PackedMatrix(std::int64_t depth, std::int64_t columns);

  std::int64_t depth_, columns_, padded_columns_;
  Tensor data_;  // run of depth by run of depth, in each the panels one after another
};

/// Rows that one piece of work of multiply() covers: the row blocks start at its multiples.
template <class T>
std::int64_t rows_per_block(std::int64_t rows);

/// C = A B, A read by rows of B.depth().
template <class T>
void multiply(const MatrixReader<T>& a, std::int64_t rows, const PackedMatrix<T>& b, const MatrixWriter<T>& c);

/// C = A^T B for a long depth: A `depth` rows of `rows`, B `depth` rows of `columns`.
template <class T>
void multiply_transposed(const MatrixReader<T>& a, std::int64_t rows, const MatrixReader<T>& b, std::int64_t columns,
                         std::int64_t depth, const MatrixWriter<T>& c);

}  // namespace nn::cpu
