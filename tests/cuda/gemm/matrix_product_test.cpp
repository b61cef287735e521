// Linear layers and 1x1 convolutions as matrix products: the product that the GPU is asked, computed on the CPU from
// cuBLASLt's definition, against the CPU's own kernels.
#include "cuda/gemm/matrix_product.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn/core/philox.h"
#include "nn/kernels/linear.h"
#include "nn/tensor/copy.h"
#include "tests/cuda/gemm/host_gemm.h"
#include "tests/support/compare.h"
#include "tests/support/error_of.h"
#include "tests/support/values.h"

namespace {

using nn::DType;
using nn::Shape;
using nn::Tensor;
using testing::HasSubstr;

// f32 against f32 sums of at most 24 products: 2e-7 measured.
constexpr double f32_bound = 2e-6;

Tensor random(Shape shape, std::uint64_t seed) {
  nn::Random random(seed);
  const std::vector<double> drawn = test::normal()(shape.elements(), random);
  const std::vector<float> values(drawn.begin(), drawn.end());
  return Tensor::from<float>(shape, values);
}

/// The values in the middle of rows twice as wide, the rest of which is 77.
class Slice {
 public:
  explicit Slice(const Tensor& values)
      : wide_(Tensor::empty({values.n(), values.h(), values.w(), 2 * values.c() + 3})),
        begin_(3),
        end_(3 + values.c()) {
    for (std::int64_t r = 0; r < wide_.rows(); ++r) {
      for (std::int64_t c = 0; c < wide_.c(); ++c) wide_.row<float>(r)[c] = 77;
      for (std::int64_t c = 0; c < values.c(); ++c) wide_.row<float>(r)[begin_ + c] = values.row<float>(r)[c];
    }
  }
  Tensor tensor() const { return wide_.channel_range(begin_, end_); }
  bool rest_is_untouched() const {
    for (std::int64_t r = 0; r < wide_.rows(); ++r) {
      for (std::int64_t c = 0; c < wide_.c(); ++c) {
        if ((c < begin_ || c >= end_) && wide_.row<float>(r)[c] != 77) return false;
      }
    }
    return true;
  }

 private:
  Tensor wide_;
  std::int64_t begin_, end_;
};

Tensor copy_of(const Tensor& t) { return Tensor::from<float>(t.shape(), t.to_vector<float>()); }

TEST(MatrixProduct, LinearLayersAreTheCpusOwn) {
  const Tensor x = random({5, 1, 1, 7}, 1), w = random({4, 1, 1, 7}, 2), b = random({1, 1, 1, 4}, 3);
  const Tensor dy = random({5, 1, 1, 4}, 4);
  for (const Tensor& bias : {b, Tensor()}) {
    const Tensor expected = Tensor::empty({5, 1, 1, 4}), y = Tensor::empty({5, 1, 1, 4});
    nn::linear_forward(x, w, bias, expected);
    test::multiply_on_host(cuda::forward_product(x, w, bias, false, 0, y));
    EXPECT_EQ(test::difference("y", y, expected, f32_bound), "");
  }
  for (const float beta : {0.0F, 1.0F, 0.5F}) {
    const Tensor expected_dx = random(x.shape(), 5), dx = copy_of(expected_dx);
    nn::linear_backward_data(dy, w, expected_dx, beta);
    test::multiply_on_host(cuda::data_gradient_product(dy, w, dx, beta));
    EXPECT_EQ(test::difference("dx", dx, expected_dx, f32_bound), "");
    const Tensor expected_dw = random(w.shape(), 6), dw = copy_of(expected_dw);
    nn::linear_backward_weights(x, dy, expected_dw, beta);
    test::multiply_on_host(cuda::weight_gradient_product(x, dy, dw, beta));
    EXPECT_EQ(test::difference("dw", dw, expected_dw, f32_bound), "");
  }
}

TEST(MatrixProduct, PointwiseConvolutionsReadAndWriteChannelSlices) {
  const Shape x_shape{2, 3, 4, 6}, y_shape{2, 3, 4, 5};
  const Slice x(random(x_shape, 1)), dy(random(y_shape, 2));
  const Tensor w = random({5, 1, 1, 6}, 3), b = random({1, 1, 1, 5}, 4);
  for (const bool relu : {false, true}) {
    for (const float beta : {0.0F, 1.0F}) {
      if (relu && beta != 0) continue;  // in another order than the epilogue of a convolution
      const Slice y(random(y_shape, 5));
      const Tensor expected = copy_of(y.tensor());
      nn::conv2d_forward(x.tensor(), w, {}, {.bias = b, .relu = relu, .beta = beta}, {}, expected);
      test::multiply_on_host(cuda::forward_product(x.tensor(), w, b, relu, beta, y.tensor()));
      EXPECT_EQ(test::difference("y", y.tensor(), expected, f32_bound), "");
      EXPECT_TRUE(y.rest_is_untouched());
    }
  }
  for (const float beta : {0.0F, 1.0F}) {
    const Slice dx(random(x_shape, 6));
    const Tensor expected_dx = copy_of(dx.tensor());
    nn::conv2d_backward_data(dy.tensor(), w, {}, expected_dx, beta);
    test::multiply_on_host(cuda::data_gradient_product(dy.tensor(), w, dx.tensor(), beta));
    EXPECT_EQ(test::difference("dx", dx.tensor(), expected_dx, f32_bound), "");
    EXPECT_TRUE(dx.rest_is_untouched());
    const Tensor expected_dw = random(w.shape(), 7), dw = copy_of(expected_dw);
    nn::conv2d_backward_weights(x.tensor(), dy.tensor(), {}, {}, expected_dw, beta);
    test::multiply_on_host(cuda::weight_gradient_product(x.tensor(), dy.tensor(), dw, beta));
    EXPECT_EQ(test::difference("dw", dw, expected_dw, f32_bound), "");
  }
}

TEST(MatrixProduct, OnePixelKernelsWithStrideOneAndNoPaddingArePointwise) {
  const Tensor w = Tensor::empty({4, 1, 1, 3});
  EXPECT_TRUE(cuda::is_pointwise(w, {}));
  EXPECT_FALSE(cuda::is_pointwise(Tensor::empty({4, 3, 1, 3}), {}));
  EXPECT_FALSE(cuda::is_pointwise(Tensor::empty({4, 1, 3, 3}), {}));
  EXPECT_FALSE(cuda::is_pointwise(w, {.stride_h = 2}));
  EXPECT_FALSE(cuda::is_pointwise(w, {.stride_w = 2}));
  EXPECT_FALSE(cuda::is_pointwise(w, {.padding = {1, 0, 0, 0}}));
  EXPECT_FALSE(cuda::is_pointwise(w, {.padding = {0, 1, 0, 0}}));
  EXPECT_FALSE(cuda::is_pointwise(w, {.padding = {0, 0, 1, 0}}));
  EXPECT_FALSE(cuda::is_pointwise(w, {.padding = {0, 0, 0, 1}}));
}

Tensor of_type(Shape shape, DType dtype) { return Tensor::zeros(shape, dtype); }

TEST(MatrixProduct, TakesTheTypesOfItsContract) {
  for (const DType type : {DType::f32, DType::bf16}) {
    const Tensor x = of_type({5, 1, 1, 7}, type), w = of_type({4, 1, 1, 7}, type), y = of_type({5, 1, 1, 4}, type);
    EXPECT_NO_THROW(cuda::forward_product(x, w, of_type({1, 1, 1, 4}, type), true, 0, y));
    EXPECT_NO_THROW(cuda::data_gradient_product(y, w, x, 1));
    EXPECT_NO_THROW(cuda::weight_gradient_product(x, y, of_type({4, 1, 1, 7}, DType::f32), 1));
  }
}

TEST(MatrixProduct, NamesWhatDoesNotFit) {
  const Tensor x = of_type({5, 1, 1, 7}, DType::bf16), w = of_type({4, 1, 1, 7}, DType::bf16);
  const Tensor y = of_type({5, 1, 1, 4}, DType::bf16);
  const auto forward = [&](const Tensor& weights, const Tensor& bias, const Tensor& result) {
    return test::error_of([&] { cuda::forward_product(x, weights, bias, false, 0, result); });
  };
  EXPECT_THAT(forward(of_type({4, 1, 1, 6}, DType::bf16), {}, y), HasSubstr("5 x 7 times 6 x 4"));
  EXPECT_THAT(forward(w, {}, of_type({5, 1, 1, 3}, DType::bf16)), HasSubstr("does not give 5 x 3"));
  EXPECT_THAT(forward(of_type({4, 1, 1, 7}, DType::f32), {}, y), HasSubstr("got bf16 and f32"));
  EXPECT_THAT(forward(w, {}, of_type({5, 1, 1, 4}, DType::f32)), HasSubstr("a result of bf16, got f32"));
  EXPECT_THAT(forward(w, of_type({1, 1, 1, 3}, DType::bf16), y), HasSubstr("a bias of 4"));
  EXPECT_THAT(test::error_of([&] { cuda::weight_gradient_product(x, y, w, 0); }), HasSubstr("are f32, got bf16"));
  EXPECT_THAT(test::error_of([&] { cuda::matrix_of(of_type({5, 1, 1, 4}, DType::f64)); }), HasSubstr("is f64"));
}

}  // namespace
