// The convolution kernels against their definition: every geometry, both types, every SIMD target, every algorithm,
// slices, beta; and what they refuse.
#include <gtest/gtest.h>

#include <limits>

#include "tests/nn/kernels/conv_kernel_fixture.h"

namespace nn::test {
namespace {

/// reference + beta * before
std::vector<double> added(std::vector<double> reference, double beta, const std::vector<double>& before) {
  for (std::size_t i = 0; i < reference.size(); ++i) reference[i] += beta * before[i];
  return reference;
}

template <class T>
void check_forward(const ConvCase& c, bool slices, float beta) {
  const Tensor x = random_tensor<T>(c.x, 1, slices), w = random_tensor<T>(c.w, 2, slices);
  const Tensor y = random_tensor<T>(output_shape(c), 3, slices);
  const std::vector<double> before = doubles(y);
  conv2d_forward(x, w, {}, {.beta = beta}, c.geometry, y);
  EXPECT_LT(relative_error(doubles(y), added(reference_forward(c, doubles(x), doubles(w)), beta, before)),
            tolerance<T>());
  EXPECT_TRUE(!slices || surroundings_untouched<T>(y));
}

template <class T>
void check_backward_data(const ConvCase& c, bool slices, float beta) {
  const Tensor dy = random_tensor<T>(output_shape(c), 1, slices), w = random_tensor<T>(c.w, 2, slices);
  const Tensor dz = random_tensor<T>(c.x, 3, slices);
  const std::vector<double> before = doubles(dz);
  conv2d_backward_data(dy, w, c.geometry, dz, beta);
  EXPECT_LT(relative_error(doubles(dz), added(reference_backward_data(c, doubles(dy), doubles(w)), beta, before)),
            tolerance<T>());
  EXPECT_TRUE(!slices || surroundings_untouched<T>(dz));
}

template <class T>
void check_backward_weights(const ConvCase& c, bool slices, float beta) {
  const Tensor x = random_tensor<T>(c.x, 1, slices), dy = random_tensor<T>(output_shape(c), 2, slices);
  const Tensor dw = random_tensor<T>(c.w, 3, slices);
  const std::vector<double> before = doubles(dw);
  conv2d_backward_weights(x, dy, {}, c.geometry, dw, beta);
  EXPECT_LT(relative_error(doubles(dw), added(reference_backward_weights(c, doubles(x), doubles(dy)), beta, before)),
            tolerance<T>());
  EXPECT_TRUE(!slices || surroundings_untouched<T>(dw));
}

TEST_F(ConvKernel, ForwardIsItsDefinition) {
  for_every_case([](const ConvCase& c) {
    check_forward<float>(c, false, 0);
    check_forward<double>(c, false, 0);
  });
}

TEST_F(ConvKernel, BackwardDataIsItsDefinition) {
  for_every_case([](const ConvCase& c) {
    check_backward_data<float>(c, false, 0);
    check_backward_data<double>(c, false, 0);
  });
}

TEST_F(ConvKernel, BackwardWeightsIsItsDefinition) {
  for_every_case([](const ConvCase& c) {
    check_backward_weights<float>(c, false, 0);
    check_backward_weights<double>(c, false, 0);
  });
}

TEST_F(ConvKernel, ReadsAndWritesSlicesOfWiderBuffers) {
  for_every_case([](const ConvCase& c) {
    check_forward<float>(c, true, 0);
    check_backward_data<float>(c, true, 0);
    check_backward_weights<float>(c, true, 0);
    check_backward_data<double>(c, true, 0);
  });
}

TEST_F(ConvKernel, AddsToWhatIsThereTimesBeta) {
  for_every_case([](const ConvCase& c) {
    for (const float beta : {1.0F, 0.5F}) {
      check_forward<float>(c, true, beta);
      check_backward_data<float>(c, true, beta);
      check_backward_weights<float>(c, true, beta);
      check_backward_weights<double>(c, false, beta);
    }
  });
}

TEST_F(ConvKernel, WithBetaZeroDoesNotReadTheOutput) {
  for_every_case([](const ConvCase& c) {
    const Tensor x = random_tensor<float>(c.x, 1), w = random_tensor<float>(c.w, 2);
    const Tensor nan = Tensor::empty(c.x);
    std::fill_n(nan.data<float>(), nan.elements(), std::numeric_limits<float>::quiet_NaN());
    const Tensor dy = random_tensor<float>(output_shape(c), 3);
    conv2d_backward_data(dy, w, c.geometry, nan, 0);
    EXPECT_LT(relative_error(doubles(nan), reference_backward_data(c, doubles(dy), doubles(w))), tolerance<float>());
  });
}

TEST_F(ConvKernel, NamesWhatDoesNotFit) {
  const auto message_of = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const Tensor x = Tensor::zeros({1, 4, 4, 3}), w = Tensor::zeros({2, 3, 3, 5}), y = Tensor::zeros({1, 2, 2, 2});
  EXPECT_EQ(message_of([&] { conv2d_forward(x, w, {}, {}, {}, y); }),
            "[conv2d] weight {2, 3, 3, 5} expects 5 input channels, x has 3");
  EXPECT_EQ(message_of([&] {
              conv2d_output_shape({1, 2, 9, 3}, {2, 3, 3, 3}, {});
            }),
            "[conv2d] a kernel of 3 x 3 does not fit an input of 2 x 9 with its padding");
  EXPECT_EQ(message_of([&] {
              conv2d_output_shape({1, 4, 4, 3}, {2, 3, 3, 3}, {.stride_w = 0});
            }),
            "[conv2d] strides must be positive, got 1 and 0");
  EXPECT_EQ(message_of([&] {
              conv2d_forward(x, Tensor::zeros({2, 3, 3, 3}), {}, {}, {}, x);
            }),
            "[conv2d_forward] expects an output of {1, 2, 2, 2}, got {1, 4, 4, 3}");
}

}  // namespace
}  // namespace nn::test
