// What cuBLASLt is asked for a matrix product: the same numbers in memory, named in its order of elements.
//
// Our matrices are row-major, cuBLASLt's column-major. Nothing is moved: a row-major matrix, read column by column, is
// its transpose.
//
//   memory    1 2 3 . 4 5 6 .      (row_stride 4: one element after each row belongs to somebody else)
//
//   we say    | 1 2 3 |            cuBLASLt says   | 1 4 |
//             | 4 5 6 |                            | 2 5 |   leading dimension 4
//             2 x 3                                | 3 6 |   3 x 2
//
// So it is asked for the transposed product, the factors exchanged, each transposed or not as it was:
//
//   C = op(A) op(B)                C^T = op(B)^T op(A)^T
//
//   ours     C rows x columns      cuBLASLt's D is m x n: m = C's columns, n = C's rows
//            b                     cuBLASLt's A
//            a                     cuBLASLt's B
//            bias, one per column  one per row of D, as its epilogue wants it
#pragma once

#include <compare>
#include <cstdint>
#include <ostream>

#include "cuda/gemm/matrix_product.h"
#include "nn/core/device_runtime.h"

namespace cuda {

struct ColumnMajorMatrix {
  nn::DType dtype = nn::DType::f32;
  std::int64_t rows = 0, columns = 0;
  std::int64_t leading_dimension = 0;  // elements from a column to the next
  int alignment = 0;                   // of its address, in bytes: a power of two, at most 256

  auto operator<=>(const ColumnMajorMatrix&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 errs
};

/// Products with one key are computed by one algorithm.
struct GemmKey {
  ColumnMajorMatrix a{}, b{}, d{};
  bool transpose_a = false, transpose_b = false;
  bool relu = false;
  int bias_alignment = 0;  // 0: no bias
  bool deterministic = true;
  bool tensor_float32 = false;  // only of f32

  std::int64_t m() const { return d.rows; }
  std::int64_t n() const { return d.columns; }
  std::int64_t k() const { return transpose_a ? a.rows : a.columns; }
  bool has_bias() const { return bias_alignment > 0; }

  auto operator<=>(const GemmKey&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 errs
};

GemmKey gemm_key(const MatrixProduct& product, const nn::DeviceOptions& options);

/// The largest power of two, at most 256, that divides the address: 256 is what cuBLASLt takes for granted.
int alignment_of(const void* address);

/// All of the key in one line, for errors and for files: "16 x 100 x 32, A bf16 ld 32 align 256 transposed, B bf16 ld
/// 48 align 256, D bf16 ld 64 align 256, bias align 256, relu, deterministic".
std::ostream& operator<<(std::ostream& out, const GemmKey& key);

}  // namespace cuda
