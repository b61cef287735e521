#include "train/train_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nn/kernels/fill.h"
#include "tests/train/tiny_network.h"
#include "train/weights.h"

namespace {

using nn::Tensor;

/// Four images: two bright, with `any` and `subdural`, two dark.
train::Batch make_batch() {
  train::Batch batch{.input = Tensor::zeros({4, 8, 8, 3}),
                     .targets = Tensor::zeros(nn::matrix_shape(4, 6)),
                     .mask = Tensor::zeros(nn::matrix_shape(4, 6)),
                     .images = {0, 1, 2, 3}};
  nn::fill(1, batch.mask);
  nn::fill(1, batch.input.batch_range(0, 2));
  for (int i = 0; i < 2; ++i) batch.targets.row<float>(i)[0] = batch.targets.row<float>(i)[5] = 1;
  return batch;
}

std::string hash(nn::Module& network) {
  return io::weight_hash({.tensors = train::export_weights(network), .metadata = {}});
}

TEST(TrainStep, LowersTheLoss) {
  test::TinyNetwork network;
  network.initialize(1);
  train::TrainStep step(network, {}, train::challenge_weights, 1);
  const train::Batch batch = make_batch();
  const double first = step.run(batch, 0.05, 0).loss;
  double last = first;
  for (int i = 1; i < 60; ++i) last = step.run(batch, 0.05, i).loss;
  EXPECT_LT(last, first / 4);
}

TEST(TrainStep, ANonFiniteBatchChangesNothingAtAll) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    test::TinyNetwork network;
    network.initialize(1);
    train::TrainStep step(network, {}, train::challenge_weights, 1);
    const train::Batch good = make_batch();
    step.run(good, 0.05, 0);
    const std::string before = hash(network);  // running statistics included
    train::Batch bad = make_batch();
    bad.input.data<float>()[7] = value;
    const train::StepResult result = step.run(bad, 0.05, 1);
    EXPECT_TRUE(result.update.skipped);
    EXPECT_EQ(result.update.skipped_in_a_row, 1);
    EXPECT_EQ(result.update.steps, 1);
    EXPECT_EQ(hash(network), before);
    EXPECT_EQ(step.run(bad, 0.05, 2).update.skipped_in_a_row, 2);
    const train::StepResult next = step.run(good, 0.05, 3);
    EXPECT_FALSE(next.update.skipped);
    EXPECT_TRUE(std::isfinite(next.loss));
    EXPECT_NE(hash(network), before);
  }
}

TEST(TrainStep, MaskedLabelsTeachNothing) {
  test::TinyNetwork network;
  network.initialize(1);
  train::TrainStep step(network, {.weight_decay = 0}, train::challenge_weights, 1);
  train::Batch batch = make_batch();
  nn::fill(0, batch.mask);
  const auto values = [&] {
    std::vector<float> all;
    for (const nn::NamedParameter& entry : network.parameters()) {
      const auto some = entry.parameter->value().to_vector<float>();
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  };
  const std::vector<float> before = values();
  EXPECT_EQ(step.run(batch, 0.05, 0).loss, 0);
  EXPECT_EQ(values(), before);
}

TEST(TrainStep, WeightDecayLeavesBiasesAndNormsAlone) {
  test::TinyNetwork network;
  network.initialize(1);
  const auto value_of = [&](const std::string& path) {
    for (const nn::NamedParameter& entry : network.parameters()) {
      if (entry.path == path) return entry.parameter->value().to_vector<float>();
    }
    throw nn::Error("no " + path);
  };
  for (const nn::NamedParameter& entry : network.parameters()) nn::fill(1, entry.parameter->value());
  train::TrainStep step(network, {.weight_decay = 0.5}, train::challenge_weights, 1);
  train::Batch batch = make_batch();
  nn::fill(0, batch.mask);  // no gradient: only the decay acts
  step.run(batch, 0.1, 0);
  EXPECT_FLOAT_EQ(value_of("classifier.weight")[0], 0.95F);
  EXPECT_FLOAT_EQ(value_of("conv.weight")[0], 0.95F);
  EXPECT_EQ(value_of("classifier.bias")[0], 1);
  EXPECT_EQ(value_of("norm.weight")[0], 1);
}

}  // namespace
