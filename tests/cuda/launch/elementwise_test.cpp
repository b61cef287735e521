#include "cuda/launch/elementwise.h"

#include <gtest/gtest.h>

#include <limits>

#include "cuda/launch/dispatch.h"
#include "nn/functors/activation.h"
#include "nn/functors/arithmetic.h"
#include "nn/kernels/activation.h"
#include "nn/kernels/fill.h"
#include "tests/cuda/launch/run_threads.h"
#include "tests/support/canary.h"
#include "tests/support/compare.h"
#include "tests/support/values.h"

namespace {

using nn::DType;
using nn::Shape;
using nn::Tensor;

Tensor drawn(const Shape& shape, DType dtype, std::uint64_t seed) {
  nn::Random random(seed);
  const Tensor tensor = Tensor::empty(shape, dtype);
  nn::cast(Tensor::from<double>(shape, test::normal()(shape.elements(), random)), tensor);
  return tensor;
}

Tensor widened(const Tensor& tensor) {
  const Tensor wide = Tensor::empty(tensor.shape(), DType::f32);
  nn::cast(tensor, wide);
  return wide;
}

template <class T, int width, class F, class... Tensors>
void map_threads(const F& f, float beta, const Tensor& out, const Tensors&... in) {
  const cuda::VectorGrid grid(out.rows(), out.c(), width);
  test::run_threads(
      cuda::Map<F, T, width, sizeof...(in)>{grid, f, {cuda::rows_of<const T>(in)...}, cuda::rows_of<T>(out), beta},
      grid.blocks());
}

/// ReluBackward over slices of larger buffers against the CPU's kernel in f32.
template <class T, int width>
void expect_same_as_cpu(const Shape& shape, float beta) {
  const DType dtype = nn::dtype_of<T>;
  const test::Framed y(drawn(shape, dtype, 1)), dy(drawn(shape, dtype, 2)), dx(drawn(shape, dtype, 3));
  const Tensor expected = widened(dx.inside());
  nn::relu_backward(widened(y.inside()), widened(dy.inside()), expected, beta);
  map_threads<T, width>(nn::functors::ReluBackward{}, beta, dx.inside(), y.inside(), dy.inside());
  // The CPU rounds nothing; bf16 rounds the result once, by at most 2^-9.
  EXPECT_EQ(test::difference("dx", dx.inside(), expected, dtype == DType::bf16 ? 1.0 / 512 : 0), "");
  EXPECT_EQ(dx.harm("dx"), "");
}

TEST(Map, OfSlicesIsTheCpusKernel) {
  for (const float beta : {0.0F, 1.0F}) {
    expect_same_as_cpu<float, 1>({2, 3, 5, 7}, beta);
    expect_same_as_cpu<nn::bfloat16, 1>({2, 3, 5, 7}, beta);
  }
}

TEST(Map, InWholeAndBrokenVectorsIsTheCpusKernel) {
  for (std::int64_t c = 1; c <= 40; ++c) {
    // One image line of c elements and a pitch of whole vectors.
    const Tensor buffer = drawn({3, 1, 1, 40}, DType::bf16, 5), out = Tensor::zeros({3, 1, 1, 40}, DType::bf16);
    const Tensor x = buffer.channel_range(0, c), y = out.channel_range(0, c);
    ASSERT_TRUE(cuda::vectors_fit(8, x, y));
    map_threads<nn::bfloat16, 8>(nn::functors::Itself{}, 0, y, x);
    EXPECT_EQ(test::difference("y", y, x, 0), "");
    if (c < 40) {
      EXPECT_EQ(test::normalised_error(out.channel_range(c, 40), Tensor::zeros({3, 1, 1, 40 - c})), 0);
    }
  }
}

TEST(Map, WritesOverAnInput) {
  const Tensor x = drawn({4, 1, 1, 16}, DType::f32, 6), expected = Tensor::empty(x.shape());
  nn::relu_forward(x, expected);
  map_threads<float, 4>(nn::functors::Relu{}, 0, x, x);
  EXPECT_EQ(test::difference("x", x, expected, 0), "");
}

TEST(Map, DoesNotReadWithBeta0) {
  const Tensor x = drawn({4, 1, 1, 16}, DType::f32, 7), y = Tensor::empty(x.shape());
  nn::fill(std::numeric_limits<double>::quiet_NaN(), y);
  map_threads<float, 4>(nn::functors::Itself{}, 0, y, x);
  EXPECT_EQ(test::difference("y", y, x, 0), "");
}

}  // namespace
