// A backbone with weights of its own beside a new head: groups, rates, freezing, frozen batch norms.
#include "train/fine_tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nn/autograd/tape.h"
#include "nn/core/philox.h"
#include "nn/kernels/fill.h"
#include "tests/support/error_of.h"
#include "tests/train/tiny_network.h"
#include "train/head.h"
#include "train/train_step.h"

namespace {

using nn::Tensor;
using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;
using Values = std::vector<float>;

/// Four images of noise; the first two have `any` and `subdural`.
train::Batch make_batch() {
  train::Batch batch{.input = Tensor::zeros({4, 8, 8, 3}),
                     .targets = Tensor::zeros(nn::matrix_shape(4, 6)),
                     .mask = Tensor::zeros(nn::matrix_shape(4, 6)),
                     .images = {0, 1, 2, 3}};
  nn::fill(1, batch.mask);
  nn::Random random(3);
  for (std::int64_t i = 0; i < batch.input.elements(); ++i) batch.input.data<float>()[i] = random.uniform();
  for (int i = 0; i < 2; ++i) batch.targets.row<float>(i)[0] = batch.targets.row<float>(i)[5] = 1;
  return batch;
}

/// A TinyNetwork that learns with the given options.
struct Training {
  test::TinyNetwork network;
  train::TrainStep step;
  std::int64_t steps = 0;

  explicit Training(const std::optional<train::FineTuning>& fine_tuning, const train::OptimizerOptions& options = {})
      : step((network.initialize(1), network), options, train::challenge_weights, 1, {}, fine_tuning) {}

  train::StepResult run(double learning_rate = 0.01) { return step.run(make_batch(), learning_rate, steps++); }

  Values value(const std::string& path) {
    for (const nn::NamedParameter& entry : network.parameters()) {
      if (entry.path == path) return entry.parameter->value().to_vector<float>();
    }
    for (const nn::NamedBuffer& entry : network.buffers()) {
      if (entry.path == path) return entry.buffer->to_vector<float>();
    }
    throw nn::Error("no " + path);
  }
};

const std::vector<std::string> backbone = {"conv.weight", "norm.weight", "norm.bias"};
const std::vector<std::string> head = {"classifier.weight", "classifier.bias"};

/// Plain gradient descent, so that an update is the learning rate times the gradient.
constexpr train::OptimizerOptions plain{
    .kind = train::OptimizerKind::sgd, .weight_decay = 0, .momentum = 0, .max_gradient_norm = 0};

TEST(FineTuning, TheHeadIsTheModuleWithTheLastParameter) {
  test::TinyNetwork network;
  EXPECT_EQ(train::head_path(network), "classifier");
}

TEST(FineTuning, GroupsAreHeadAndBackboneEachWithAndWithoutDecay) {
  test::TinyNetwork network;
  const auto groups = train::group_for_fine_tuning(network, {.backbone_learning_rate_scale = 0.25});
  ASSERT_EQ(groups.size(), 4U);
  std::vector<std::string> names;
  std::vector<double> rates, decays;
  for (const nn::ParameterGroup& group : groups) {
    names.push_back(group.name);
    rates.push_back(group.learning_rate_scale);
    decays.push_back(group.weight_decay_scale);
    EXPECT_EQ(train::is_backbone(group), group.name.starts_with("backbone"));
  }
  EXPECT_THAT(names, ElementsAre("head decay", "head no_decay", "backbone decay", "backbone no_decay"));
  EXPECT_THAT(rates, ElementsAre(1, 1, 0.25, 0.25));
  EXPECT_THAT(decays, ElementsAre(1, 0, 1, 0));
  EXPECT_EQ(groups[0].parameters[0].path, "classifier.weight");
  EXPECT_EQ(groups[2].parameters[0].path, "conv.weight");
}

TEST(FineTuning, ANetworkWithoutABackboneIsRefused) {
  nn::Linear only(3, 6);
  EXPECT_THAT(error_of([&] { train::group_for_fine_tuning(only, {}); }), HasSubstr("a backbone and a head"));
}

TEST(FineTuning, TheBackboneLearnsAtItsOwnRate) {
  Training alike({}, plain), apart(train::FineTuning{.backbone_learning_rate_scale = 0.125}, plain);
  std::map<std::string, Values> before;
  for (const auto& paths : {backbone, head}) {
    for (const std::string& path : paths) before[path] = alike.value(path);
  }
  alike.run(0.5);
  apart.run(0.5);
  for (const std::string& path : head) EXPECT_EQ(apart.value(path), alike.value(path)) << path;
  for (const std::string& path : backbone) {
    double largest = 0;
    for (std::size_t i = 0; i < before[path].size(); ++i) {
      const double whole = alike.value(path)[i] - before[path][i], part = apart.value(path)[i] - before[path][i];
      EXPECT_NEAR(part, whole / 8, 1e-7) << path;  // rounding of a value of about 1
      largest = std::max(largest, std::abs(whole));
    }
    EXPECT_GT(largest, 1e-4) << path << " must learn for this to show anything";
  }
}

TEST(FineTuning, AFrozenBackboneStaysBitForBitWhileTheHeadLearns) {
  for (const auto kind : {train::OptimizerKind::adamw, train::OptimizerKind::sgd}) {
    Training training(train::FineTuning{}, {.kind = kind, .weight_decay = 0.1});
    training.run();  // with moments that would go on moving it
    training.step.set_backbone_frozen(true);
    std::map<std::string, Values> before;
    for (const auto& paths : {backbone, head}) {
      for (const std::string& path : paths) before[path] = training.value(path);
    }
    const Values mean = training.value("norm.running_mean");
    for (int i = 0; i < 3; ++i) training.run();
    for (const std::string& path : backbone) EXPECT_EQ(training.value(path), before[path]) << path;
    for (const std::string& path : head) EXPECT_NE(training.value(path), before[path]) << path;
    EXPECT_NE(training.value("norm.running_mean"), mean) << "statistics go with the data unless they are frozen too";
  }
}

TEST(FineTuning, AFrozenBackboneHasNoPartInTheGradientsNorm) {
  Training whole(train::FineTuning{}, plain), frozen(train::FineTuning{}, plain);
  frozen.step.set_backbone_frozen(true);
  const double all = whole.run().update.gradient_norm, of_head = frozen.run().update.gradient_norm;
  double sum = 0;
  for (const nn::NamedParameter& entry : whole.network.parameters()) {
    if (!entry.path.starts_with("classifier")) continue;
    for (const float g : entry.parameter->gradient().to_vector<float>()) sum += static_cast<double>(g) * g;
  }
  EXPECT_NEAR(of_head, std::sqrt(sum), 1e-12);
  EXPECT_LT(of_head, all);
}

TEST(FineTuning, NoBackwardWorkIsRecordedForAFrozenBackbone) {
  test::TinyNetwork network;
  network.initialize(1);
  nn::ParameterBuffers buffers(train::group_for_fine_tuning(network, {}), nn::DType::f32, nn::Device::cpu);
  const auto recorded = [&] {
    nn::Tape tape;
    network(nn::Variable(make_batch().input, &tape), {.training = true});
    return tape.names();
  };
  EXPECT_GT(recorded().size(), 3U);
  for (std::size_t i = 0; i < buffers.groups().size(); ++i) {
    if (train::is_backbone(buffers.groups()[i])) buffers.set_frozen(i, true);
  }
  EXPECT_THAT(recorded(), ElementsAre(testing::StrEq("linear")));
}

// With the step count of the head, which has learned before, the first update would be 0.1 / sqrt(0.001) = 3.2 times
// the learning rate, and the tenth 6.5 times.
TEST(FineTuning, AfterUnfreezingAdamBeginsAnewForTheBackbone) {
  const double rate = 0.01, scale = 0.1;
  Training training(train::FineTuning{.backbone_learning_rate_scale = scale}, {.weight_decay = 0});
  training.step.set_backbone_frozen(true);
  for (int i = 0; i < 50; ++i) training.run(rate);
  training.step.set_backbone_frozen(false);
  const Values before = training.value("conv.weight");
  EXPECT_EQ(training.run(rate).update.steps, 51) << "the head's count";
  const Values after = training.value("conv.weight");
  double largest = 0;
  for (std::size_t i = 0; i < before.size(); ++i) largest = std::max<double>(largest, std::abs(after[i] - before[i]));
  EXPECT_NEAR(largest, rate * scale, 0.01 * rate * scale);
}

TEST(FineTuning, FrozenBatchNormsTrainOnTheStatisticsTheyCameWith) {
  Training training(train::FineTuning{.frozen_batch_norm = true});
  for (const nn::NamedBuffer& entry : training.network.buffers()) nn::fill(0.5, *entry.buffer);
  const Values mean = training.value("norm.running_mean"), variance = training.value("norm.running_var");
  const Values conv = training.value("conv.weight"), scale = training.value("norm.weight");
  const Tensor inferred = training.network(nn::Variable(make_batch().input), {}).value();
  const Tensor trained =
      training.network(nn::Variable(make_batch().input), {.training = true, .frozen_batch_norm = true}).value();
  EXPECT_EQ(trained.to_vector<float>(), inferred.to_vector<float>());
  training.run();
  EXPECT_EQ(training.value("norm.running_mean"), mean);
  EXPECT_EQ(training.value("norm.running_var"), variance);
  EXPECT_NE(training.value("conv.weight"), conv);
  EXPECT_NE(training.value("norm.weight"), scale) << "scale and shift still learn";
}

TEST(FineTuning, OnlyItKnowsABackboneToFreeze) {
  Training training({});
  EXPECT_THAT(error_of([&] { training.step.set_backbone_frozen(true); }), HasSubstr("only fine-tuning"));
}

}  // namespace
