// DenseNet against PyTorch and torchvision: the values come from tests/golden/make_densenet_golden.py.
#include <gtest/gtest.h>

#include <sstream>

#include "models/densenet.h"
#include "tests/models/golden_formula.h"
#include "tests/models/golden_run.h"
#include "tests/support/compare.h"

namespace {

using nn::DType;
using nn::Shape;
using nn::Tensor;
using train::OptimizerKind;

template <bool recompute>
std::unique_ptr<nn::Module> make_thin() {
  return std::make_unique<models::DenseNet>(
      models::DenseNetConfiguration{.blocks = {2, 3, 2}, .stem = 8, .growth = 4},
      models::ModelOptions{.classes = 6, .dropout = 0.0, .recompute_batch_norm = recompute});
}

// Measured: at most 2e-14 in f64 and 3.4e-6 in f32, but for norm0. Whatever reads its channels normalises them again,
// so a common factor of scale and shift has no effect, and with shifts as small as the formula's the scale's own
// gradient is 1000 times smaller than its terms: 3.7e-11 and 5.9e-4; of the shift, 3.5e-13 and 4.7e-6.
TEST(DenseNetGolden, EveryGradientIsPyTorchs) {
  test::expect_gradients_as_pytorch("thin-densenet", make_thin<false>, DType::f64, 6e-14,
                                    {{"features.norm0.weight", 2e-10}, {"features.norm0.bias", 2e-12}});
}
TEST(DenseNetGolden, EveryGradientIsPyTorchsInSingle) {
  test::expect_gradients_as_pytorch("thin-densenet", make_thin<false>, DType::f32, 1.5e-5,
                                    {{"features.norm0.weight", 2e-3}});
}

// Measured: logits 3e-15, losses 6e-16; with AdamW parameters 2.2e-13, running statistics 1.5e-13, evaluation 5.1e-13.
constexpr test::GoldenTolerance in_double{.logits = 2e-14, .losses = 1e-14, .parameters = 2e-12, .evaluation = 5e-12};
TEST(DenseNetGolden, TenStepsOfSgdArePyTorchs) {
  test::expect_ten_steps_as_pytorch("thin-densenet", make_thin<false>, DType::f64, OptimizerKind::sgd, in_double);
}
TEST(DenseNetGolden, TenStepsOfAdamWArePyTorchs) {
  test::expect_ten_steps_as_pytorch("thin-densenet", make_thin<false>, DType::f64, OptimizerKind::adamw, in_double);
}
TEST(DenseNetGolden, TenStepsOfAdamWArePyTorchsIfBatchNormIsRecomputed) {
  test::expect_ten_steps_as_pytorch("thin-densenet", make_thin<true>, DType::f64, OptimizerKind::adamw, in_double);
}

// Measured: logits 4.9e-7, losses 1.6e-7, evaluation 3.1e-6.
constexpr test::GoldenTolerance in_single{.logits = 3e-6, .losses = 6e-7, .parameters = 0, .evaluation = 2e-5};
TEST(DenseNetGolden, TenStepsOfSgdArePyTorchsInSingle) {
  test::expect_ten_steps_as_pytorch("thin-densenet", make_thin<false>, DType::f32, OptimizerKind::sgd, in_single);
}

/// The networks of the paper at full size, with the imagenet head.
class FullSizeDenseNet : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<nn::Module> make() const { return models::make_model(GetParam(), {.head = models::Head::imagenet}); }
  const io::Safetensors golden_ = io::read_safetensors("tests/golden/densenets.safetensors");
};

TEST_P(FullSizeDenseNet, NamesAndShapesAreTorchvisions) {
  EXPECT_EQ(test::describe_tensors(*make()), golden_.metadata.at(GetParam()));
}

// Measured: 3.5e-14 in training, 3.5e-15 in evaluation.
TEST_P(FullSizeDenseNet, SlowLogitsArePyTorchs) {
  const auto network = make();
  network->convert(DType::f64);
  test::set_parameters(*network);
  Shape input{};
  std::istringstream(golden_.metadata.at("input")) >> input.n >> input.h >> input.w >> input.c;
  const std::vector<double> pixels = test::golden_values(test::golden_input, input.elements());
  const nn::Variable x(Tensor::from(input, std::span<const double>(pixels)));
  const std::string prefix = std::string(GetParam()) + "/";
  EXPECT_LT(test::normalised_error(test::values_of((*network)(x, {.training = true}).value()),
                                   golden_.at(prefix + "logits").values<double>()),
            3e-13);
  EXPECT_LT(test::normalised_error(test::values_of((*network)(x, {}).value()),
                                   golden_.at(prefix + "evaluation").values<double>()),
            3e-13);
}

INSTANTIATE_TEST_SUITE_P(DenseNets, FullSizeDenseNet, testing::Values("densenet121", "densenet169", "densenet201"),
                         [](const auto& network) { return std::string(network.param); });

}  // namespace
