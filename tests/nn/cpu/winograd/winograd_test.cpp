// The error of minimal filtering against double, with as many channels as the networks have. What the kernels compute
// otherwise (every geometry, slices, beta, prologue, epilogue, threads) conv_kernel_test.cpp tests for each algorithm.
#include "nn/cpu/winograd/winograd.h"

#include <gtest/gtest.h>

#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/target/simd_target.h"
#include "tests/nn/kernels/conv_reference.h"

namespace nn::test {
namespace {

struct Errors {
  double forward, backward_data, backward_weights;
};

/// Largest error over largest value of the three passes, f32 by `choice` against f64. `shift` moves x: 0 has values
/// that cancel, 1 has the positive ones that follow a ReLU.
Errors errors(const std::string& choice, double shift, std::int64_t kernel = 3) {
  const ConvGeometry geometry{.padding = pad(kernel == 3 ? 1 : 0)};
  const Shape shape{1, 14, 18, 128}, filters{96, kernel, kernel, 128};
  const auto run = [&]<class T>() {
    const Tensor x = random_tensor<T>(shape, 1), w = random_tensor<T>(filters, 2);
    for (std::int64_t i = 0; i < x.elements(); ++i) x.data<T>()[i] = static_cast<float>(x.data<T>()[i] + shift);
    for (std::int64_t i = 0; i < w.elements(); ++i) w.data<T>()[i] = static_cast<float>(w.data<T>()[i]);
    const Shape out = conv2d_output_shape(shape, filters, geometry);
    const Tensor dy = random_tensor<T>(out, 3);
    for (std::int64_t i = 0; i < dy.elements(); ++i) dy.data<T>()[i] = static_cast<float>(dy.data<T>()[i]);
    const Tensor y = Tensor::empty(out, dtype_of<T>), dz = Tensor::empty(shape, dtype_of<T>),
                 dw = Tensor::empty(filters, dtype_of<T>);
    conv2d_forward(x, w, {}, {}, geometry, y);
    conv2d_backward_data(dy, w, geometry, dz, 0);
    conv2d_backward_weights(x, dy, {}, geometry, dw, 0);
    return std::vector<std::vector<double>>{doubles(y), doubles(dz), doubles(dw)};
  };
  const std::string kept = cpu::conv_choice();
  cpu::set_conv_choice(choice);
  const auto single = run.template operator()<float>(), exact = run.template operator()<double>();
  cpu::set_conv_choice(kept);
  return {relative_error(single[0], exact[0]), relative_error(single[1], exact[1]),
          relative_error(single[2], exact[2])};
}

class WinogradError : public testing::TestWithParam<std::string> {
 protected:
  WinogradError() { cpu::set_simd_target(GetParam()); }
  ~WinogradError() override { cpu::set_simd_target(kept_); }

  static void expect_below(const Errors& bound, const std::string& choice, double shift, std::int64_t kernel = 3) {
    const Errors found = errors(choice, shift, kernel);
    EXPECT_LT(found.forward, bound.forward);
    EXPECT_LT(found.backward_data, bound.backward_data);
    EXPECT_LT(found.backward_weights, bound.backward_weights);
  }

 private:
  std::string kept_ = cpu::simd_target();
};

// Measured, the largest of all instruction sets: forward, data, weights 8.4e-6, 6.0e-6, 2.9e-6 with F(4x4,3x3);
// 4.2e-7, 4.0e-7, 4.9e-7 with F(2x2,3x3); 5.5e-7, 5.8e-7, 5.7e-7 direct. Of 2x2 kernels 4.8e-7, 4.0e-7, 2.7e-7
// with F(3x3,2x2); 5.1e-7, 4.2e-7, 5.7e-7 direct.
constexpr Errors f4x4{.forward = 1.2e-5, .backward_data = 1e-5, .backward_weights = 5e-6};
constexpr Errors as_direct{.forward = 8e-7, .backward_data = 8e-7, .backward_weights = 8e-7};
TEST_P(WinogradError, OfF4x4OnValuesThatCancel) { expect_below(f4x4, "winograd", 0); }
TEST_P(WinogradError, OfF4x4OnPositiveValues) { expect_below(f4x4, "winograd", 1); }
TEST_P(WinogradError, OfF2x2IsThatOfDirect) {
  expect_below(as_direct, "winograd-2x2", 0);
  expect_below(as_direct, "winograd-2x2", 1);
  expect_below(as_direct, "direct", 0);
  expect_below(as_direct, "direct", 1);
}

TEST_P(WinogradError, OfF3x3IsThatOfDirect) {
  for (const double shift : {0, 1}) {
    for (const char* choice : {"winograd", "winograd-2x2", "direct"}) expect_below(as_direct, choice, shift, 2);
  }
}

TEST_P(WinogradError, DiffersFromAlgorithmToAlgorithmInEveryPass) {
  const Errors direct = errors("direct", 0), f2x2 = errors("winograd-2x2", 0), f4x4_found = errors("winograd", 0);
  for (const auto pass : {&Errors::forward, &Errors::backward_data, &Errors::backward_weights}) {
    EXPECT_NE(direct.*pass, f2x2.*pass);
    EXPECT_LT(2 * direct.*pass, f4x4_found.*pass);
    EXPECT_NE(errors("direct", 0, 2).*pass, errors("winograd", 0, 2).*pass);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, WinogradError, testing::ValuesIn(cpu::simd_targets()),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace nn::test
