// Networks whose convolutions run by minimal filtering: against PyTorch as the golden tests have it, and on a head
// slice at widths at which the choice is automatic.
#include <gtest/gtest.h>

#include <cmath>

#include "models/registry.h"
#include "models/vgg.h"
#include "nn/autograd/tape.h"
#include "nn/cpu/choice/conv_choice.h"
#include "nn/layers/parameter_buffers.h"
#include "nn/ops/loss.h"
#include "tests/models/golden_run.h"
#include "tests/support/compare.h"

namespace {

using nn::DType;
using train::OptimizerKind;

std::unique_ptr<nn::Module> make_cnn() { return models::make_model("cnn", {.dropout = 0.0}); }
std::unique_ptr<nn::Module> make_vgg() {
  return std::make_unique<models::Vgg>(models::VggConfiguration{.stages = {{8, 8}, {12}, {16, 16}, {20}}},
                                       models::ModelOptions{.classes = 6, .dropout = 0.0});
}

/// Puts the choice back however a test ends.
class Winograd : public testing::Test {
 protected:
  ~Winograd() override { nn::cpu::set_conv_choice(kept_); }

 private:
  std::string kept_ = nn::cpu::conv_choice();
};

// Measured: 4.4e-6.
TEST_F(Winograd, EveryGradientIsPyTorchsInSingle) {
  nn::cpu::set_conv_choice("winograd");
  test::expect_gradients_as_pytorch("thin-vgg", make_vgg, DType::f32, 1e-5);
  test::expect_gradients_as_pytorch("cnn", make_cnn, DType::f32, 1e-5);
}

// Measured: logits 2.0e-6, losses 3.9e-7, logits after the steps 1.1e-6.
TEST_F(Winograd, TenStepsOfSgdArePyTorchsInSingle) {
  nn::cpu::set_conv_choice("winograd");
  // Ten steps make the rounding of the first grow, and it differs from target to target and from compiler to compiler:
  // losses 3.9e-7 with AVX-512, 2.6e-6 at baseline, 1.2e-5 compiled for the sanitizers; evaluation up to 8.6e-5.
  constexpr test::GoldenTolerance tolerance{.logits = 5e-6, .losses = 5e-5, .parameters = 0, .evaluation = 4e-4};
  test::expect_ten_steps_as_pytorch("thin-vgg", make_vgg, DType::f32, OptimizerKind::sgd, tolerance);
  test::expect_ten_steps_as_pytorch("cnn", make_cnn, DType::f32, OptimizerKind::sgd, tolerance);
}

/// Skull, brain, ventricles and a bleed as ellipses, three windows as channels, with noise; values as the loader scales
/// them, of a size that leaves ragged tiles.
nn::Tensor head_slice(DType dtype) {
  constexpr std::int64_t size = 46;
  std::vector<double> pixels;
  std::uint32_t noise = 1;
  const auto inside = [](double y, double x, double height, double width) {
    return y * y / (height * height) + x * x / (width * width) < 1;
  };
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t j = 0; j < size; ++j) {
      const double y = 2.0 * static_cast<double>(i) / size - 1, x = 2.0 * static_cast<double>(j) / size - 1;
      double hounsfield = -1000;
      if (inside(y, x, 0.92, 0.74)) hounsfield = 1200;
      if (inside(y, x, 0.85, 0.67)) hounsfield = 34;
      if (inside(y + 0.1, std::abs(x) - 0.12, 0.3, 0.07)) hounsfield = 8;
      if (inside(y - 0.2, x - 0.4, 0.15, 0.12)) hounsfield = 68;
      noise = noise * 1664525U + 1013904223U;
      hounsfield += 8.0 * (static_cast<double>(noise >> 8U) / (1U << 23U) - 1);
      for (const auto& [center, width] : {std::pair{40.0, 80.0}, {80.0, 200.0}, {600.0, 2800.0}}) {
        const double value = std::clamp((hounsfield - center) / width + 0.5, 0.0, 1.0);
        pixels.push_back(static_cast<float>((value - 0.45) / 0.225));
      }
    }
  }
  const nn::Shape shape{1, size, size, 3};
  if (dtype == DType::f64) return nn::Tensor::from(shape, std::span<const double>(pixels));
  const std::vector<float> single(pixels.begin(), pixels.end());
  return nn::Tensor::from(shape, std::span<const float>(single));
}

/// Logits, then every gradient, of three stages of VGG16 on the slice.
std::vector<std::vector<double>> logits_and_gradients(DType dtype) {
  models::Vgg network({.stages = {{64, 64}, {128, 128}, {256, 256}}}, {.classes = 6, .dropout = 0.0});
  network.convert(dtype);
  nn::ParameterBuffers buffers(nn::group_by_weight_decay(network.parameters()), dtype, nn::Device::cpu);
  test::set_parameters(network);
  buffers.clear_gradients();
  nn::Tape tape;
  const nn::Variable logits = network(nn::Variable(head_slice(dtype), &tape), {.training = true});
  const nn::Tensor targets = nn::Tensor::zeros(logits.shape(), dtype),
                   weights = nn::Tensor::zeros(nn::vector_shape(6), dtype);
  for (std::int64_t k = 0; k < 6; ++k) {
    dtype == DType::f64 ? weights.data<double>()[k] = 1 : weights.data<float>()[k] = 1;
  }
  std::vector<std::vector<double>> results{test::values_of(logits.value())};
  tape.backward(nn::sigmoid_bce(logits, targets, {}, weights));
  for (const auto& [path, parameter] : network.parameters()) results.push_back(test::values_of(parameter->gradient()));
  return results;
}

double largest_error(const std::vector<std::vector<double>>& found, const std::vector<std::vector<double>>& expected) {
  double error = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error = std::max(error, test::normalised_error(found[i], expected[i]));
  }
  return error;
}

// Measured: direct 4.8e-7, F(2x2,3x3) 5.1e-7, F(4x4,3x3) 3.0e-6.
TEST_F(Winograd, ErrsLittleOnAHeadSlice) {
  const auto expected = logits_and_gradients(DType::f64);
  for (const auto& [choice, bound] :
       {std::pair{"direct", 1e-6}, {"winograd-2x2", 1e-6}, {"winograd", 4e-6}, {"auto", 4e-6}}) {
    nn::cpu::set_conv_choice(choice);
    EXPECT_LT(largest_error(logits_and_gradients(DType::f32), expected), bound) << choice;
  }
}

}  // namespace
