// General matrix products, as convolutions and linear layers need them.
#pragma once

#include <cstdint>

#include "nn/cpu/gemm/matrix_io.h"
#include "nn/cpu/gemm/packed_matrix.h"

namespace nn::cpu {

/// C = A B, A `rows` rows of B.depth(). The writer gets rows in pieces that begin at multiples of
/// rows_per_piece(rows, B.depth(), B.columns()).
template <class T>
void multiply(const MatrixReader<T>& a, std::int64_t rows, const PackedMatrix<T>& b, const MatrixWriter<T>& c);

template <class T>
std::int64_t rows_per_piece(std::int64_t rows, std::int64_t depth, std::int64_t columns);

/// C = A^T B for a long depth: A `depth` rows of `rows`, which lie in memory (view()), B `depth` rows of `columns`.
template <class T>
void multiply_transposed(const MatrixReader<T>& a, std::int64_t rows, const MatrixReader<T>& b, std::int64_t columns,
                         std::int64_t depth, const MatrixWriter<T>& c);

}  // namespace nn::cpu
