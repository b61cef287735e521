// cnn and cnn-2019 against PyTorch: logits, every gradient, ten steps of SGD and of AdamW, running statistics. The
// reference values come from tests/golden/make_cnn_golden.py.
#include <gtest/gtest.h>

#include "models/registry.h"
#include "tests/models/golden_run.h"

namespace {

using nn::DType;
using train::OptimizerKind;

std::unique_ptr<nn::Module> make_cnn() { return models::make_model("cnn", {.dropout = 0.0}); }
std::unique_ptr<nn::Module> make_cnn_2019() { return models::make_model("cnn-2019", {.dropout = 0.0}); }

TEST(Golden, EveryGradientOfCnn2019IsPyTorchs) {
  test::expect_gradients_as_pytorch("cnn-2019", make_cnn_2019, DType::f64, 3e-14);
}
TEST(Golden, EveryGradientOfCnnIsPyTorchs) { test::expect_gradients_as_pytorch("cnn", make_cnn, DType::f64, 3e-14); }
TEST(Golden, EveryGradientOfCnn2019IsPyTorchsInSingle) {
  test::expect_gradients_as_pytorch("cnn-2019", make_cnn_2019, DType::f32, 1e-5);
}
TEST(Golden, EveryGradientOfCnnIsPyTorchsInSingle) {
  test::expect_gradients_as_pytorch("cnn", make_cnn, DType::f32, 1e-5);
}

constexpr test::GoldenTolerance in_double{.logits = 1e-14, .losses = 1e-12, .parameters = 1e-12, .evaluation = 1e-12};
TEST(Golden, TenStepsOfSgdOfCnn2019ArePyTorchs) {
  test::expect_ten_steps_as_pytorch("cnn-2019", make_cnn_2019, DType::f64, OptimizerKind::sgd, in_double);
}
TEST(Golden, TenStepsOfSgdOfCnnArePyTorchs) {
  test::expect_ten_steps_as_pytorch("cnn", make_cnn, DType::f64, OptimizerKind::sgd, in_double);
}
TEST(Golden, TenStepsOfAdamWOfCnn2019ArePyTorchs) {
  test::expect_ten_steps_as_pytorch("cnn-2019", make_cnn_2019, DType::f64, OptimizerKind::adamw, in_double);
}
TEST(Golden, TenStepsOfAdamWOfCnnArePyTorchs) {
  test::expect_ten_steps_as_pytorch("cnn", make_cnn, DType::f64, OptimizerKind::adamw, in_double);
}

constexpr test::GoldenTolerance in_single{.logits = 3e-6, .losses = 6e-7, .parameters = 0, .evaluation = 4e-6};
TEST(Golden, TenStepsOfSgdOfCnn2019ArePyTorchsInSingle) {
  test::expect_ten_steps_as_pytorch("cnn-2019", make_cnn_2019, DType::f32, OptimizerKind::sgd, in_single);
}
// Rounding may turn a ReLU over in a step. It does with AVX-512, after which answers are 4.2e-5 and losses 9e-7 apart;
// with AVX2 and baseline in_single holds.
TEST(Golden, TenStepsOfSgdOfCnnArePyTorchsInSingle) {
  test::GoldenTolerance tolerance = in_single;
  tolerance.evaluation = 1e-4;
  tolerance.losses = 2e-6;
  test::expect_ten_steps_as_pytorch("cnn", make_cnn, DType::f32, OptimizerKind::sgd, tolerance);
}

}  // namespace
