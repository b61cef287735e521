// Narrow VGGs against PyTorch: the values come from tests/golden/make_vgg_golden.py.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "models/vgg.h"
#include "tests/models/golden_formula.h"
#include "tests/models/golden_run.h"
#include "tests/support/compare.h"
#include "train/weights.h"

namespace {

using nn::DType;
using train::OptimizerKind;

std::unique_ptr<nn::Module> make_thin(bool batch_norm) {
  return std::make_unique<models::Vgg>(
      models::VggConfiguration{.stages = {{8, 8}, {12}, {16, 16}, {20}}, .batch_norm = batch_norm},
      models::ModelOptions{.classes = 6, .dropout = 0.0});
}
std::unique_ptr<nn::Module> make_vgg() { return make_thin(false); }
std::unique_ptr<nn::Module> make_vgg_bn() { return make_thin(true); }

TEST(VggGolden, EveryGradientIsPyTorchs) {
  test::expect_gradients_as_pytorch("thin-vgg", make_vgg, DType::f64, 3e-14);
  test::expect_gradients_as_pytorch("thin-vgg-bn", make_vgg_bn, DType::f64, 3e-14);
}
TEST(VggGolden, EveryGradientIsPyTorchsInSingle) {
  test::expect_gradients_as_pytorch("thin-vgg", make_vgg, DType::f32, 1e-5);
  test::expect_gradients_as_pytorch("thin-vgg-bn", make_vgg_bn, DType::f32, 1e-5);
}

constexpr test::GoldenTolerance in_double{.logits = 1e-14, .losses = 1e-12, .parameters = 1e-12, .evaluation = 1e-12};
TEST(VggGolden, TenStepsOfSgdArePyTorchs) {
  test::expect_ten_steps_as_pytorch("thin-vgg", make_vgg, DType::f64, OptimizerKind::sgd, in_double);
  test::expect_ten_steps_as_pytorch("thin-vgg-bn", make_vgg_bn, DType::f64, OptimizerKind::sgd, in_double);
}
TEST(VggGolden, TenStepsOfAdamWArePyTorchs) {
  test::expect_ten_steps_as_pytorch("thin-vgg", make_vgg, DType::f64, OptimizerKind::adamw, in_double);
  // The gradient of a bias before a batch norm is identically zero; AdamW divides what rounding leaves of it by its own
  // size, so the biases wander. The norm takes that out again, but its running mean follows: measured 7e-10, and
  // 1.4e-10 in the logits.
  test::GoldenTolerance tolerance = in_double;
  tolerance.running_statistics = tolerance.evaluation = 1e-8;
  test::expect_ten_steps_as_pytorch("thin-vgg-bn", make_vgg_bn, DType::f64, OptimizerKind::adamw, tolerance);
}

constexpr test::GoldenTolerance in_single{.logits = 3e-6, .losses = 6e-7, .parameters = 0, .evaluation = 4e-6};
TEST(VggGolden, TenStepsOfSgdArePyTorchsInSingle) {
  test::expect_ten_steps_as_pytorch("thin-vgg", make_vgg, DType::f32, OptimizerKind::sgd, in_single);
  test::expect_ten_steps_as_pytorch("thin-vgg-bn", make_vgg_bn, DType::f32, OptimizerKind::sgd, in_single);
}

/// The weights of the script's network as PyTorch would store them.
io::Safetensors formula_weights(nn::Module& network) {
  io::Safetensors weights{.tensors = train::export_weights(network), .metadata = {}};
  std::uint32_t number = 0;
  for (io::StoredTensor& tensor : weights.tensors) {
    std::int64_t count = 1;
    for (const std::int64_t extent : tensor.shape) count *= extent;
    const double fan_in = static_cast<double>(count) / static_cast<double>(tensor.shape.front());
    const double bound = tensor.shape.size() > 1 ? std::sqrt(6.0 / fan_in) : 0.1;
    std::vector<float> values;
    for (const double value : test::golden_values(number, count)) values.push_back(static_cast<float>(value * bound));
    tensor = io::stored_tensor<float>(tensor.name, tensor.shape, values);
    ++number;
  }
  return weights;
}

// The last map is 2 x 3 x 10: a weight file's columns in any other order than PyTorch's would show.
TEST(VggGolden, TheImagenetHeadGivesPyTorchsLogitsFromPyTorchsWeights) {
  models::Vgg network({.stages = {{8}, {12}, {10}}, .top_height = 2, .top_width = 3, .hidden = 14},
                      {.head = models::Head::imagenet, .classes = 7});
  network.convert(DType::f64);
  train::import_weights(formula_weights(network), "formula", network);
  const nn::Shape input{2, 17, 26, 3};
  const std::vector<double> pixels = test::golden_values(test::golden_input, input.elements());
  const nn::Variable logits = network(nn::Variable(nn::Tensor::from(input, std::span<const double>(pixels))), {});
  const io::Safetensors golden = io::read_safetensors("tests/golden/thin-vgg-top.safetensors");
  EXPECT_LT(test::normalised_error(test::values_of(logits.value()), golden.at("logits").values<double>()), 1e-14);
}

/// The networks of the paper at full size.
class FullSizeVgg : public testing::TestWithParam<const char*> {
 protected:
  const io::Safetensors golden_ = io::read_safetensors("tests/golden/vggs.safetensors");
};

TEST_P(FullSizeVgg, NamesAndShapesAreTorchvisions) {
  models::Vgg network(models::vgg16(GetParam() == std::string("vgg16-bn")),
                      {.head = models::Head::imagenet, .classes = 1000});
  EXPECT_EQ(test::describe_tensors(network), golden_.metadata.at(GetParam()));
}

TEST_P(FullSizeVgg, LogitsArePyTorchs) {
  models::Vgg network(models::vgg16(GetParam() == std::string("vgg16-bn")), {.classes = 6, .dropout = 0.0});
  network.convert(DType::f64);
  test::set_parameters(network);
  nn::Shape input{};
  std::istringstream(golden_.metadata.at("input")) >> input.n >> input.h >> input.w >> input.c;
  const std::vector<double> pixels = test::golden_values(test::golden_input, input.elements());
  const nn::Variable x(nn::Tensor::from(input, std::span<const double>(pixels)));
  const auto error = [&](const nn::Context& context, const std::string& what) {
    return test::normalised_error(test::values_of(network(x, context).value()),
                                  golden_.at(GetParam() + ("/" + what)).values<double>());
  };
  EXPECT_LT(error({.training = true}, "logits"), 1e-13);
  EXPECT_LT(error({}, "evaluation"), 1e-13);
}

INSTANTIATE_TEST_SUITE_P(Vggs, FullSizeVgg, testing::Values("vgg16", "vgg16-bn"),
                         [](const auto& one) { return std::string(one.param) == "vgg16" ? "Vgg16" : "Vgg16Bn"; });

}  // namespace
