// Steps of training on a device: recorded and replayed they have the bits of eager ones, and of the CPU.
#include "train/train_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "models/cnn.h"
#include "models/densenet.h"
#include "models/vgg.h"
#include "nn/kernels/fill.h"
#include "nn/layers/dropout.h"
#include "nn/layers/sequential.h"
#include "nn/tensor/copy.h"
#include "tests/support/fake_device.h"
#include "tests/train/tiny_network.h"
#include "train/weights.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Tensor;

constexpr train::Compute cpu{}, eager{.device = Device::cuda, .graph = false}, recorded{.device = Device::cuda},
    recorded_bf16{.device = Device::cuda, .dtype = DType::bf16};

train::Batch make_batch(std::int64_t images, std::int64_t size, std::uint64_t seed) {
  nn::Random random(seed);
  train::Batch batch{.input = Tensor::empty({images, size, size, 3}),
                     .targets = Tensor::zeros(nn::matrix_shape(images, 6)),
                     .mask = Tensor::zeros(nn::matrix_shape(images, 6)),
                     .images = std::vector<std::size_t>(static_cast<std::size_t>(images))};
  nn::fill(1, batch.mask);
  for (std::int64_t i = 0; i < batch.input.elements(); ++i) batch.input.data<float>()[i] = random.uniform();
  for (std::int64_t i = 0; i < images; i += 2) batch.targets.row<float>(i)[0] = 1;
  return batch;
}

/// TinyNetwork behind dropout: something that draws from the random state.
std::unique_ptr<nn::Sequential> tiny_network() {
  auto network = std::make_unique<nn::Sequential>();
  network->add_named<nn::Dropout>("dropout", 0.25);
  network->add_named<test::TinyNetwork>("network");
  network->initialize(1);
  return network;
}

std::string hash(nn::Module& network) {
  return io::weight_hash({.tensors = train::export_weights(network), .metadata = {}});
}

struct Training {
  std::vector<double> losses;
  std::string weights;
};

/// Six steps; the fourth has a batch of its own size, and the learning rate changes.
Training train_six_steps(nn::Module& network, const train::Compute& compute, std::int64_t size = 8) {
  train::TrainStep step(network, {}, train::challenge_weights, 1, compute);
  Training result;
  for (int i = 0; i < 6; ++i) {
    const auto seed = static_cast<std::uint64_t>(i);
    step.start(make_batch(i == 3 ? 3 : 4, size, seed), 0.05 / (i + 1), i);
    if (step.should_finish()) result.losses.push_back(step.finish().loss);
  }
  while (step.unfinished() > 0) result.losses.push_back(step.finish().loss);
  result.weights = hash(network);
  return result;
}

class DeviceTrainStep : public testing::Test {
 protected:
  test::FakeDevice& device_ = test::FakeDevice::install();
};

TEST_F(DeviceTrainStep, EagerHasTheBitsOfTheCpu) {
  const Training expected = train_six_steps(*tiny_network(), cpu);
  const int graphs = device_.counts.graphs;
  const Training found = train_six_steps(*tiny_network(), eager);
  EXPECT_EQ(found.losses, expected.losses);
  EXPECT_EQ(found.weights, expected.weights);
  EXPECT_EQ(device_.counts.graphs, graphs);
}

TEST_F(DeviceTrainStep, RecordedHasTheBitsOfEager) {
  const Training expected = train_six_steps(*tiny_network(), cpu);
  const test::FakeDevice::Counts before = device_.counts;
  const Training found = train_six_steps(*tiny_network(), recorded);
  EXPECT_EQ(device_.counts.graphs - before.graphs, 1);
  EXPECT_EQ(device_.counts.replays - before.replays, 3) << "two warm-ups, and one batch of another size";
  ASSERT_EQ(found.losses.size(), 6U);
  EXPECT_EQ(found.losses, expected.losses);
  EXPECT_EQ(found.weights, expected.weights);
}

TEST_F(DeviceTrainStep, TheHostIsOneStepAhead) {
  const auto network = tiny_network();
  train::TrainStep step(*network, {}, train::challenge_weights, 1, recorded);
  const train::Batch batch = make_batch(4, 8, 1);
  step.start(batch, 0.05, 0);
  EXPECT_FALSE(step.should_finish());
  step.start(batch, 0.05, 1);
  EXPECT_TRUE(step.should_finish());
  EXPECT_THROW(step.start(batch, 0.05, 2), nn::Error);
  const train::StepResult first = step.finish(), second = step.finish();
  EXPECT_EQ(first.update.steps, 1);
  EXPECT_EQ(second.update.steps, 2);
  EXPECT_NE(first.loss, second.loss);
  EXPECT_EQ(first.images, 4);
}

TEST_F(DeviceTrainStep, ANonFiniteBatchChangesNothingEagerOrRecorded) {
  const auto network = tiny_network();
  train::TrainStep step(*network, {}, train::challenge_weights, 1, recorded);
  const train::Batch good = make_batch(4, 8, 1);
  train::Batch bad = make_batch(4, 8, 1);
  nn::fill(std::numeric_limits<float>::quiet_NaN(), bad.input.batch_range(0, 1));  // more than dropout hides
  for (int i = 0; i < 5; ++i) {  // eager, eager, recorded, replayed, replayed
    step.run(good, 0.05, 2 * i);
    const std::string before = hash(*network);
    const train::StepResult result = step.run(bad, 0.05, 2 * i + 1);
    EXPECT_TRUE(result.update.skipped) << i;
    EXPECT_EQ(result.update.steps, i + 1);
    EXPECT_EQ(hash(*network), before) << "running statistics included";
  }
}

TEST_F(DeviceTrainStep, FreezingRecordsAnew) {
  const train::FineTuning fine_tuning{.freeze_epochs = 1};
  const auto train_both_ways = [&](const train::Compute& compute) {
    test::TinyNetwork network;
    network.initialize(1);
    train::TrainStep step(network, {}, train::challenge_weights, 1, compute, fine_tuning);
    std::vector<double> losses;
    for (int i = 0; i < 8; ++i) {
      step.set_backbone_frozen(i < 4);
      losses.push_back(step.run(make_batch(4, 8, static_cast<std::uint64_t>(i)), 0.05, i).loss);
    }
    return losses;
  };
  const std::vector<double> expected = train_both_ways(cpu);
  const int graphs = device_.counts.graphs;
  EXPECT_EQ(train_both_ways(recorded), expected);
  EXPECT_EQ(device_.counts.graphs - graphs, 2);
}

/// Every call of a kernel checks its tensors' types (tests/support/fake_kernels.cpp).
TEST_F(DeviceTrainStep, InBf16EveryKernelGetsTheTypesOfTheContract) {
  const models::ModelOptions options{.classes = 6, .size = 32, .dropout = 0.2};
  models::VggConfiguration vgg{.stages = {{4}, {6}}, .batch_norm = true};
  models::VggConfiguration plain_vgg{.stages = {{4}, {6}}};
  models::ModelOptions keeping = options;
  keeping.recompute_batch_norm = false;
  const models::DenseNetConfiguration densenet{.blocks = {2, 2}, .stem = 8, .growth = 4};
  const std::function<std::unique_ptr<nn::Module>()> networks[] = {
      [&] { return std::make_unique<models::Cnn>(options); },
      [&] { return std::make_unique<models::DenseNet>(densenet, options); },
      [&] { return std::make_unique<models::DenseNet>(densenet, keeping); },
      [&] { return std::make_unique<models::Vgg>(vgg, options); },
      [&] { return std::make_unique<models::Vgg>(plain_vgg, options); }};
  for (const auto& make : networks) {
    const auto in_f32 = make(), in_bf16 = make();
    in_f32->initialize(3);
    in_bf16->initialize(3);
    const Training expected = train_six_steps(*in_f32, cpu, 32), found = train_six_steps(*in_bf16, recorded_bf16, 32);
    SCOPED_TRACE(in_f32->kind());
    // A first sign that nothing is confused; how near bf16 is to f32 is asked of each op.
    EXPECT_NEAR(found.losses[0], expected.losses[0], 0.02 * expected.losses[0]);
    EXPECT_NE(found.losses[0], expected.losses[0]);
    for (const double loss : found.losses) EXPECT_TRUE(std::isfinite(loss));
  }
}

TEST_F(DeviceTrainStep, InBf16SmallUpdatesAreNotLostInRounding) {
  const auto network = tiny_network();
  train::TrainStep step(*network, {.kind = train::OptimizerKind::sgd, .weight_decay = 0, .momentum = 0},
                        train::challenge_weights, 1, recorded_bf16);
  const std::string before = hash(*network);
  const train::Batch batch = make_batch(4, 8, 1);
  for (int i = 0; i < 4; ++i) step.run(batch, 1e-7, i);
  EXPECT_NE(hash(*network), before) << "the f32 values move by less than bf16 can tell apart";
  for (const auto& [path, parameter] : network->parameters()) {
    if (parameter->options().vector) continue;
    const Tensor rounded = Tensor::empty(parameter->shape(), DType::bf16, Device::cuda);
    nn::cast(parameter->value(), rounded);
    const Tensor expected = nn::to_device(rounded, Device::cpu),
                 found = nn::to_device(parameter->variable().value(), Device::cpu);
    for (std::int64_t i = 0; i < expected.elements(); ++i) {
      ASSERT_EQ(found.data<nn::bfloat16>()[i].bits, expected.data<nn::bfloat16>()[i].bits) << path << ' ' << i;
    }
  }
}

}  // namespace
