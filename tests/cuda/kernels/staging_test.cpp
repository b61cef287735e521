// What the threads of gather and scatter do, run one by one on the CPU.
#include "cuda/kernels/staging_threads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "cuda/kernels/staging.h"
#include "cuda/launch/row_reduction.h"
#include "nn/core/bfloat16.h"
#include "tests/cuda/launch/run_threads.h"

namespace cuda {
namespace {

constexpr float canary = -1024;  // in bf16 too

/// rows x c numbers of their own in a buffer of pitch, between canaries.
template <class T>
struct Matrix {
  std::int64_t rows, c, pitch;
  std::vector<T> values;

  Matrix(std::int64_t row_count, std::int64_t channels, std::int64_t wide, float first)
      : rows(row_count), c(channels), pitch(wide), values(static_cast<std::size_t>(row_count * wide), T(canary)) {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t k = 0; k < c; ++k) at(r, k) = T(first + static_cast<float>((r * c + k) % 31) / 4);
    }
  }
  T& at(std::int64_t r, std::int64_t k) { return values[static_cast<std::size_t>(r * pitch + k)]; }
  Rows<T> view() { return {values.data(), pitch}; }
  Rows<const T> view() const { return {values.data(), pitch}; }
  void expect_canaries() {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t k = c; k < pitch; ++k) EXPECT_EQ(static_cast<float>(at(r, k)), canary) << r << " " << k;
    }
  }
};

template <class T, int width>
void expect_gather(std::int64_t x_rows, std::int64_t x_c, std::int64_t z_rows, std::int64_t z_c) {
  SCOPED_TRACE(testing::Message() << x_rows << " x " << x_c << " into " << z_rows << " x " << z_c << ", vectors of "
                                  << width);
  Matrix<T> x(x_rows, x_c, (x_c + 15) / 8 * 8, -3), z(z_rows, z_c, z_c, canary);
  const VectorGrid grid(z_rows, z_c, width);
  test::run_threads(Gather<T, width>{grid, std::as_const(x).view(), x_rows, x_c, z.view()}, grid.blocks());
  for (std::int64_t r = 0; r < z_rows; ++r) {
    for (std::int64_t k = 0; k < z_c; ++k) {
      const float expected = r < x_rows && k < x_c ? static_cast<float>(x.at(r, k)) : 0;
      EXPECT_EQ(static_cast<float>(z.at(r, k)), expected) << r << " " << k;
    }
  }
}

TEST(Gather, FillsUpChannelsAndRowsWithZeros) {
  for (std::int64_t c = 1; c <= 17; ++c) {
    const std::int64_t wide = computed_channels(c, nn::DType::bf16);
    expect_gather<nn::bfloat16, 8>(5, c, 5, wide);
    expect_gather<nn::bfloat16, 8>(5, c, 8, wide);
    expect_gather<nn::bfloat16, 1>(5, c, 8, wide);
    expect_gather<float, 4>(300, c, 300, (c + 3) / 4 * 4);
  }
}

template <class From, class To, int width>
void expect_scatter(std::int64_t rows, std::int64_t c, float beta) {
  SCOPED_TRACE(testing::Message() << rows << " x " << c << ", beta " << beta << ", vectors of " << width);
  Matrix<From> x(rows + 1, c + 3, (c + 10) / 8 * 8, -2);
  Matrix<To> y(rows, c, (c + 15) / 8 * 8, beta == 0 ? std::numeric_limits<float>::quiet_NaN() : 5);
  Matrix<To> before = y;
  const VectorGrid grid(rows, c, width);
  test::run_threads(Scatter<From, To, width>{grid, std::as_const(x).view(), y.view(), beta}, grid.blocks());
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t k = 0; k < c; ++k) {
      const float was = beta == 0 ? 0 : beta * static_cast<float>(before.at(r, k));
      EXPECT_EQ(static_cast<float>(y.at(r, k)), static_cast<float>(To(static_cast<float>(x.at(r, k)) + was)))
          << r << " " << k;
    }
  }
  y.expect_canaries();
}

TEST(Scatter, CutsBackAndAdds) {
  for (const float beta : {0.0F, 1.0F}) {
    for (std::int64_t c = 1; c <= 17; ++c) {
      expect_scatter<nn::bfloat16, nn::bfloat16, 8>(7, c, beta);
      expect_scatter<nn::bfloat16, float, 8>(7, c, beta);
      expect_scatter<nn::bfloat16, float, 1>(40, c, beta);
      expect_scatter<float, float, 4>(7, c, beta);
    }
  }
}

TEST(Staging, ComputesBf16WithChannelsInEights) {
  EXPECT_EQ(computed_channels(1, nn::DType::bf16), 8);
  EXPECT_EQ(computed_channels(8, nn::DType::bf16), 8);
  EXPECT_EQ(computed_channels(9, nn::DType::bf16), 16);
  EXPECT_EQ(computed_channels(3, nn::DType::f32), 3);
  EXPECT_EQ(computed_image({2, 5, 7, 3}, nn::DType::bf16), (nn::Shape{2, 5, 7, 8}));
  EXPECT_EQ(computed_weights({6, 3, 2, 3}, nn::DType::bf16), (nn::Shape{8, 3, 2, 8}));
}

}  // namespace
}  // namespace cuda
