#include "cuda/launch/row_reduction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "cuda/launch/dispatch.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/fill.h"
#include "tests/cuda/launch/run_threads.h"
#include "tests/support/compare.h"
#include "tests/support/values.h"

namespace {

using nn::DType;
using nn::Shape;
using nn::Tensor;

Tensor drawn(const Shape& shape, DType dtype) {
  nn::Random random(11);
  const Tensor tensor = Tensor::empty(shape, dtype);
  nn::cast(Tensor::from<double>(shape, test::uniform(0, 1)(shape.elements(), random)), tensor);
  return tensor;
}

/// y = sums over x's rows + beta * y, by the threads of both kernels.
template <class T, int width>
void sum_by_threads(const Tensor& x, const Tensor& y, float beta) {
  using Terms = cuda::ElementTerms<T, width>;
  const cuda::RowSlices slices(x.rows(), x.c(), width);
  std::vector<float> partial(slices.slices * static_cast<std::size_t>(x.c()), NAN);
  test::run_combining(cuda::SliceSums<Terms>{{slices, partial.data()}, Terms{cuda::rows_of<const T>(x)}},
                      slices.blocks());
  using Totals = cuda::TotalSums<1, cuda::WriteSum>;
  test::run_combining(Totals{partial.data(), slices.slices, slices.c, {y.data<float>(), beta}},
                      Totals::blocks(slices.c));
}

void expect_sums(const Shape& shape) {
  for (const float beta : {0.0F, 0.5F}) {
    const Tensor x = drawn(shape, DType::f64), expected = Tensor::empty(nn::vector_shape(shape.c), DType::f64);
    nn::fill(3, expected);
    // Tensors in whose rows both kinds of vectors fit.
    const Tensor wide = Tensor::empty({shape.n, shape.h, shape.w, shape.c + 8 - shape.c % 8}, DType::bf16);
    const Tensor rounded = wide.channel_range(0, shape.c), single = Tensor::empty(shape, DType::f32);
    nn::cast(x, rounded);
    nn::cast(rounded, single);
    nn::cast(rounded, x);
    nn::sum_rows(x, expected, beta);
    const auto expect_same = [&](const char* what, const auto& sum) {
      const Tensor y = Tensor::empty(nn::vector_shape(shape.c));
      nn::fill(beta == 0 ? NAN : 3.0, y);
      sum(y);
      // Measured: at most 1.2e-7, the rounding of f32.
      EXPECT_EQ(test::difference(what, y, expected, 2.5e-7), "") << shape;
    };
    expect_same("bf16 in vectors", [&](const Tensor& y) { sum_by_threads<nn::bfloat16, 8>(rounded, y, beta); });
    expect_same("bf16 one by one", [&](const Tensor& y) { sum_by_threads<nn::bfloat16, 1>(rounded, y, beta); });
    expect_same("f32 one by one", [&](const Tensor& y) { sum_by_threads<float, 1>(single, y, beta); });
  }
}

TEST(RowReduction, OfFewRowsIsThePlainSum) {
  for (const std::int64_t rows : {1, 2, 31, 33}) {
    for (const std::int64_t c : {1, 5, 8, 12, 40}) expect_sums({rows, 1, 1, c});
  }
}

TEST(RowReduction, OverManySlicesIsThePlainSum) {
  expect_sums({3, 37, 41, 24});
  expect_sums({1, 100, 133, 3});
}

TEST(RowReduction, OfNoRowsIsZero) {
  const Tensor y = Tensor::empty(nn::vector_shape(3));
  nn::fill(NAN, y);
  const cuda::RowSlices slices(0, 3, 1);
  std::vector<float> partial(3, NAN);
  const cuda::ElementTerms<float, 1> terms{{nullptr, 3}};
  test::run_combining(cuda::SliceSums<cuda::ElementTerms<float, 1>>{{slices, partial.data()}, terms}, slices.blocks());
  using Totals = cuda::TotalSums<1, cuda::WriteSum>;
  test::run_combining(Totals{partial.data(), slices.slices, 3, {y.data<float>(), 0}}, Totals::blocks(3));
  EXPECT_EQ(y.to_vector<float>(), std::vector<float>(3, 0));
}

}  // namespace
