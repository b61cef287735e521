// What cuBLASLt is asked, number by number, and for which products it is asked the same.
#include "cuda/gemm/gemm_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/cuda/gemm/host_gemm.h"

namespace {

using cuda::gemm_key;
using cuda::GemmKey;
using cuda::Matrix;
using cuda::MatrixProduct;
using nn::DType;

alignas(256) float memory[1024];

Matrix matrix(std::int64_t rows, std::int64_t columns, std::int64_t row_stride, DType dtype = DType::bf16,
              std::size_t offset = 0) {
  return {.data = memory + offset, .dtype = dtype, .rows = rows, .columns = columns, .row_stride = row_stride};
}

TEST(GemmKey, IsTheTransposedProduct) {
  // y {100 pixels, 16 of 64 channels} = x {100, 32 of 48} w {16, 32}^T + bias
  const MatrixProduct product{
      .a = matrix(100, 32, 48), .b = matrix(16, 32, 32), .c = matrix(100, 16, 64), .transpose_b = true, .bias = memory};
  const GemmKey key = gemm_key(product, {});
  EXPECT_EQ(key.m(), 16);
  EXPECT_EQ(key.n(), 100);
  EXPECT_EQ(key.k(), 32);
  EXPECT_TRUE(key.transpose_a);
  EXPECT_FALSE(key.transpose_b);
  EXPECT_EQ(key.a, (cuda::ColumnMajorMatrix{DType::bf16, 32, 16, 32, 256}));
  EXPECT_EQ(key.b, (cuda::ColumnMajorMatrix{DType::bf16, 32, 100, 48, 256}));
  EXPECT_EQ(key.d, (cuda::ColumnMajorMatrix{DType::bf16, 16, 100, 64, 256}));
  EXPECT_TRUE(key.has_bias());
  EXPECT_EQ(nn::message(key),
            "16 x 100 x 32, A bf16 ld 32 align 256 transposed, B bf16 ld 48 align 256, D bf16 ld 64 align 256, "
            "bias align 256, deterministic");
}

/// The rows of op(M), M row-major with one element more than its columns from row to row.
double at(const Matrix& m, bool transposed, std::int64_t row, std::int64_t column) {
  const auto* values = static_cast<const float*>(m.data);
  return transposed ? values[column * m.row_stride + row] : values[row * m.row_stride + column];
}

TEST(GemmKey, GivesTheRowMajorProductForEveryTranspositionAndSmallSize) {
  for (int code = 0; code < 4 * 64; ++code) {
    const bool transpose_a = (code & 1) != 0, transpose_b = (code & 2) != 0;
    const std::int64_t rows = 1 + (code / 4) % 4, inner = 1 + (code / 16) % 4, columns = 1 + (code / 64) % 4;
    std::vector<float> a(64), b(64), c(64, 5), bias{1, -2, 3, -4};
    for (std::size_t i = 0; i < 64; ++i) {
      a[i] = static_cast<float>((i * 7) % 11) - 5;  // whole numbers: every sum is exact
      b[i] = static_cast<float>((i * 5) % 13) - 6;
    }
    const std::int64_t a_columns = transpose_a ? rows : inner, b_columns = transpose_b ? inner : columns;
    const MatrixProduct product{.a = {a.data(), DType::f32, transpose_a ? inner : rows, a_columns, a_columns + 1},
                                .b = {b.data(), DType::f32, transpose_b ? columns : inner, b_columns, b_columns + 2},
                                .c = {c.data(), DType::f32, rows, columns, columns + 3},
                                .transpose_a = transpose_a,
                                .transpose_b = transpose_b,
                                .alpha = 2,
                                .beta = -1,
                                .bias = bias.data(),
                                .relu = true};
    test::multiply_on_host(product);
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns + 3; ++j) {
        double expected = 5;  // between the rows nothing changes
        if (j < columns) {
          double sum = 0;
          for (std::int64_t k = 0; k < inner; ++k)
            sum += at(product.a, transpose_a, i, k) * at(product.b, transpose_b, k, j);
          expected = std::max(0.0, 2 * sum - 5 + bias[static_cast<std::size_t>(j)]);
        }
        EXPECT_EQ(c[static_cast<std::size_t>(i * (columns + 3) + j)], expected);
      }
    }
  }
}

TEST(GemmKey, DiffersInEverythingAnAlgorithmMayDependOn) {
  const MatrixProduct product{
      .a = matrix(8, 4, 4, DType::f32), .b = matrix(4, 6, 6, DType::f32), .c = matrix(8, 6, 6, DType::f32)};
  std::vector<MatrixProduct> others(11, product);
  others[0].a.rows = others[0].c.rows = 9;
  others[1].a.row_stride = 5;
  others[2].b.row_stride = 7;
  others[3].c.row_stride = 9;
  others[4].a.data = memory + 1;
  others[5].b.data = memory + 2;
  others[6].c.data = memory + 4;
  others[7].c.dtype = DType::bf16;
  others[8].bias = memory;
  others[9].bias = memory + 1;
  others[10].relu = true;
  std::set<GemmKey> keys{gemm_key(product, {}), gemm_key(product, {.deterministic = false}),
                         gemm_key(product, {.tensor_float32 = true})};
  for (const MatrixProduct& other : others) keys.insert(gemm_key(other, {}));
  EXPECT_EQ(keys.size(), 14U);
  std::set<std::string> texts;  // names of files
  for (const GemmKey& key : keys) texts.insert(nn::message(key));
  EXPECT_EQ(texts.size(), keys.size());
}

TEST(GemmKey, IsTheSameForOtherNumbersAndPlaces) {
  const MatrixProduct product{.a = matrix(8, 4, 4), .b = matrix(4, 6, 6), .c = matrix(8, 6, 6)};
  MatrixProduct other = product;
  other.a.data = memory + 64;  // 256 bytes on
  other.alpha = 3;
  other.beta = 1;
  EXPECT_EQ(gemm_key(product, {}), gemm_key(other, {}));
  // TF32 is a way to compute f32 alone.
  EXPECT_EQ(gemm_key(product, {}), gemm_key(product, {.tensor_float32 = true}));
}

TEST(GemmKey, AlignmentIsTheLargestPowerOfTwoUpTo256) {
  const auto* address = reinterpret_cast<const char*>(memory);
  EXPECT_EQ(cuda::alignment_of(address), 256);
  for (const int alignment : {1, 2, 4, 8, 16, 32, 64, 128}) {
    EXPECT_EQ(cuda::alignment_of(address + alignment), alignment);
    EXPECT_EQ(cuda::alignment_of(address + 256 + 3 * alignment), alignment);
  }
}

}  // namespace
