// Layers that behave differently in training: batch norm and dropout.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "nn/autograd/tape.h"
#include "nn/kernels/fill.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/dropout.h"
#include "nn/layers/sequential.h"

namespace nn {
namespace {

Tensor buffer(Module& module, std::size_t i) { return *module.buffers()[i].buffer; }

TEST(BatchNorm, TrainingNormalisesTheBatchAndMovesTheRunningStatistics) {
  BatchNorm2d norm(1);
  norm.initialize(0);
  const Tensor x = Tensor::from({2, 1, 2, 1}, {1.0F, 3.0F, 5.0F, 7.0F});  // mean 4, biased variance 5, unbiased 20/3
  const std::vector<float> y = norm(Variable(x), {.training = true}).value().to_vector<float>();
  EXPECT_NEAR(y[0], -3 / std::sqrt(5.0), 1e-5);
  EXPECT_NEAR(y[3], 3 / std::sqrt(5.0), 1e-5);
  EXPECT_FLOAT_EQ(static_cast<float>(buffer(norm, 0).item()), 0.1F * 4);
  EXPECT_FLOAT_EQ(static_cast<float>(buffer(norm, 1).item()), 0.9F + 0.1F * 20 / 3);
}

TEST(BatchNorm, InferenceUsesTheRunningStatisticsAndLeavesThem) {
  BatchNorm2d norm(1, {.epsilon = 0, .relu = true});
  norm.initialize(0);
  fill(2.0, buffer(norm, 0));
  fill(4.0, buffer(norm, 1));
  const Tensor x = Tensor::from({1, 1, 2, 1}, {1.0F, 8.0F});
  EXPECT_EQ(norm(Variable(x), {}).value().to_vector<float>(), (std::vector<float>{0, 3})) << "ReLU cuts -0.5";
  EXPECT_EQ(buffer(norm, 0).item(), 2);
  EXPECT_EQ(buffer(norm, 1).item(), 4);
}

TEST(BatchNorm, FrozenItTrainsScaleAndShiftOnRunningStatisticsAndLeavesThem) {
  BatchNorm2d norm(1, {.epsilon = 0});
  norm.initialize(0);
  fill(2.0, buffer(norm, 0));
  fill(4.0, buffer(norm, 1));
  Tape tape;
  const Tensor x = Tensor::from({1, 1, 2, 1}, {1.0F, 8.0F});
  const Variable y = norm(Variable(x, &tape), {.training = true, .frozen_batch_norm = true});
  EXPECT_EQ(y.value().to_vector<float>(), (std::vector<float>{-0.5F, 3}));
  tape.backward_from(y, Tensor::from(y.shape(), {1.0F, 2.0F}));
  EXPECT_EQ(norm.parameters()[0].parameter->gradient().item(), -0.5 + 2 * 3);
  EXPECT_EQ(norm.parameters()[1].parameter->gradient().item(), 3);
  EXPECT_EQ(buffer(norm, 0).item(), 2);
  EXPECT_EQ(buffer(norm, 1).item(), 4);
}

TEST(BatchNorm, TrainsInDouble) {
  BatchNorm2d norm(1);
  norm.initialize(0);
  norm.convert(DType::f64);
  norm(Variable(Tensor::from({1, 2, 1, 1}, {1.0, 2.0})), {.training = true});
  EXPECT_EQ(buffer(norm, 0).dtype(), DType::f64);
  EXPECT_DOUBLE_EQ(buffer(norm, 0).item(), 0.1 * 1.5);
}

TEST(BatchNorm, RefusesToTrainOnOneRow) {
  BatchNorm2d norm(3);
  EXPECT_THROW(norm(Variable(Tensor::zeros({1, 1, 1, 3})), {.training = true}), Error);
  EXPECT_NO_THROW(norm(Variable(Tensor::zeros({1, 1, 1, 3})), {}));
}

class DropoutTest : public testing::Test {
 protected:
  DropoutTest() {
    fill(1.0, x_);
    layers_.add_named<Dropout>("first", 0.25);
    layers_.add_named<Dropout>("second", 0.0);
    alone_.add_named<Dropout>("other", 0.25);
  }
  std::vector<float> run(Module& module, Context context) const {
    return module(Variable(x_), context).value().to_vector<float>();
  }

  Tensor x_ = Tensor::empty(matrix_shape(100, 40));
  Tensor random_state_ = Tensor::from({1, 1, 1, 4}, {1, 0, 2, 0});
  Sequential layers_, alone_;
};

TEST_F(DropoutTest, ZeroesItsShareInTrainingAndScalesTheRest) {
  const std::vector<float> y = run(layers_, {.training = true, .random_state = random_state_});
  const auto zeros = std::count(y.begin(), y.end(), 0.0F);
  EXPECT_NEAR(static_cast<double>(zeros) / 4000, 0.25, 4 * 0.0068);  // four standard deviations
  EXPECT_EQ(std::count(y.begin(), y.end(), 1.0F / 0.75F), 4000 - zeros);
}

TEST_F(DropoutTest, DoesNothingInInference) { EXPECT_EQ(run(layers_, {}), std::vector<float>(4000, 1.0F)); }

TEST_F(DropoutTest, EveryLayerAndStepHasAMaskOfItsOwn) {
  const Context context{.training = true, .random_state = random_state_};
  const std::vector<float> y = run(layers_, context);
  EXPECT_EQ(y, run(layers_, context));
  EXPECT_NE(y, run(alone_, context));
  EXPECT_NE(y, run(layers_, {.training = true, .random_state = Tensor::from({1, 1, 1, 4}, {1, 0, 3, 0})}));
}

TEST_F(DropoutTest, NeedsARandomStateInTrainingAndAProbabilityBelowOne) {
  EXPECT_THROW(run(layers_, {.training = true}), Error);
  EXPECT_THROW(Dropout(1.0), Error);
  EXPECT_THROW(Dropout(-0.1), Error);
}

}  // namespace
}  // namespace nn
