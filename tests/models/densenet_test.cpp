// DenseNet: its size, and that the buffers of models/dense_block.h compute what the textbook's concatenations do.
#include "models/densenet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "nn/autograd/tape.h"
#include "nn/core/allocator.h"
#include "nn/core/philox.h"
#include "nn/ops/loss.h"
#include "nn/tensor/copy.h"
#include "tests/models/textbook_densenet.h"
#include "tests/support/compare.h"

namespace {

using models::DenseNet;
using models::DenseNetConfiguration;
using models::Head;
using models::make_model;
using models::ModelOptions;
using nn::DType;
using nn::Tensor;
using nn::Variable;

std::int64_t numbers_in(nn::Module& network) {
  std::int64_t count = network.parameter_count();
  for (const nn::NamedBuffer& entry : network.buffers()) count += entry.buffer->elements();
  return count;
}

TEST(DenseNet121, HasTheTensorsAndNumbersThatKerasCounts) {
  const auto network = make_model("densenet121", {.head = Head::imagenet});
  EXPECT_EQ(network->parameters().size() + network->buffers().size(), 606U);
  EXPECT_EQ(numbers_in(*network), 8062504);
  EXPECT_EQ(network->parameter_count(), 7978856) << "torchvision's count: without running statistics";
}

TEST(DenseNet121, HasKerassNumbersWithoutItsTop) {
  const auto network = make_model("densenet121", {.classes = 6});
  EXPECT_EQ(numbers_in(*network) - 6 * (1024 + 1), 7037504);
}

TEST(DenseNet121, CostsLessThanWithTransitionsThatConvolveFirst) {
  struct Cost : nn::LayerObserver {
    std::int64_t multiply_adds = 0;
    void note(const nn::LayerNote& note) override { multiply_adds += note.multiply_adds; }
  } cost;
  const auto network = make_model("densenet121", {.head = Head::imagenet});
  (*network)(Variable(Tensor::zeros({1, 224, 224, 3})), {.observer = &cost});
  EXPECT_EQ(cost.multiply_adds, 2602950656);
  const std::int64_t saved = 3LL * (28 * 28 * 256 * 128 + 14 * 14 * 512 * 256 + 7 * 7 * 1024 * 512);
  EXPECT_EQ(cost.multiply_adds + saved, 2834161664) << "torchvision's 2.83 billion";
}

/// A DenseNet for tests: three blocks, 18 feature maps at the end.
const DenseNetConfiguration thin{.blocks = {2, 3, 2}, .stem = 8, .growth = 4};

Tensor random_tensor(nn::Shape shape, DType dtype, std::uint64_t seed, double low, double high) {
  nn::Random random(seed);
  const Tensor values = Tensor::empty(shape, DType::f64);
  Tensor converted = Tensor::empty(shape, dtype);
  std::generate_n(values.data<double>(), values.elements(),
                  [&] { return low + (high - low) * static_cast<double>(random.uniform()); });
  nn::copy_converted(values, converted);
  return converted;
}

/// A network whose weights, batch norms and running statistics are random, and the same for every Network.
template <class Network>
std::unique_ptr<nn::Module> make(const DenseNetConfiguration& configuration, DType dtype, bool recompute) {
  const ModelOptions options{
      .classes = 6, .dropout = 0.0, .batch_norm_epsilon = 1e-3, .recompute_batch_norm = recompute};
  auto network = std::make_unique<Network>(configuration, options);
  network->initialize(3);
  network->convert(dtype);
  std::uint64_t seed = 0;
  for (const auto& [path, parameter] : network->parameters()) {
    if (parameter->shape().rows() > 1) continue;
    nn::copy_into(random_tensor(parameter->shape(), dtype, ++seed, -0.5, 1.5), parameter->value());
  }
  for (const auto& [path, buffer] : network->buffers()) {
    nn::copy_into(random_tensor(buffer->shape(), dtype, ++seed, 0.5, 1.5), *buffer);
  }
  return network;
}
template <class Network>
std::unique_ptr<nn::Module> make_thin(DType dtype, bool recompute = false) {
  return make<Network>(thin, dtype, recompute);
}

using Results = std::map<std::string, Tensor>;

/// All that a step computes, by name. Heights and widths of all maps differ, one pool leaves a row over.
Results results_of_step(nn::Module& network, DType dtype, const nn::Context& context) {
  const Tensor x = random_tensor({3, 38, 45, 3}, dtype, 1, -1, 1);
  const Tensor targets = random_tensor(nn::matrix_shape(3, 6), dtype, 2, 0, 1);
  const Tensor weights = random_tensor(nn::vector_shape(6), dtype, 3, 0.5, 1);
  nn::Tape tape;
  const Variable loss = nn::sigmoid_bce(network(Variable(x, &tape), context), targets, {}, weights);
  tape.backward(loss);
  Results results{{"loss", loss.value()}};
  for (const auto& [path, parameter] : network.parameters()) {
    if (parameter->trainable()) results["gradient of " + path] = parameter->gradient();
  }
  for (const auto& [path, buffer] : network.buffers()) results[path] = *buffer;
  return results;
}

void expect_equal(const Results& actual, const Results& expected, double bound) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [name, tensor] : expected) EXPECT_EQ(test::difference(name, actual.at(name), tensor, bound), "");
}

/// Runs the same step as textbook and in our two ways.
void expect_step_as_textbook(const nn::Context& context) {
  const Results textbook = results_of_step(*make_thin<test::TextbookDenseNet>(DType::f64), DType::f64, context);
  for (const bool recompute : {false, true}) {
    expect_equal(results_of_step(*make_thin<DenseNet>(DType::f64, recompute), DType::f64, context), textbook, 1e-10);
  }
}

TEST(DenseNet, TrainsAsTheTextbookDoes) { expect_step_as_textbook({.training = true}); }

TEST(DenseNet, FineTunesOnRunningStatisticsAsTheTextbookDoes) {
  expect_step_as_textbook({.training = true, .frozen_batch_norm = true});
}

TEST(DenseNet, InfersAsTheTextbookDoes) {  // every batch norm has running statistics of its own
  const Variable x(random_tensor({2, 32, 50, 3}, DType::f64, 1, -1, 1));
  const Tensor textbook = (*make_thin<test::TextbookDenseNet>(DType::f64))(x, {}).value();
  EXPECT_EQ(test::difference("logits", (*make_thin<DenseNet>(DType::f64))(x, {}).value(), textbook, 1e-10), "");
}

TEST(DenseNet, RecomputingBatchNormChangesNothingButRounding) {
  const Results stored = results_of_step(*make_thin<DenseNet>(DType::f32), DType::f32, {.training = true});
  const Results recomputed = results_of_step(*make_thin<DenseNet>(DType::f32, true), DType::f32, {.training = true});
  expect_equal(recomputed, stored, 1e-4);  // measured: 1.3e-5, all by F(4x4,3x3) 3.5e-5
}

/// The layers of densenet121, narrow.
const DenseNetConfiguration deep{.blocks = {6, 12, 24, 16}, .stem = 16, .growth = 8};

/// Bytes that a training step needs at most, besides the parameters and their gradients.
template <class Network>
std::size_t peak_of_step(bool recompute) {
  const auto network = make<Network>(deep, DType::f32, recompute);
  results_of_step(*network, DType::f32, {.training = true});  // leaves gradients
  network->initialize(4);                                     // other weights, as an update leaves them
  const std::size_t before = nn::memory_use(nn::Device::cpu).live;
  nn::reset_peak_memory(nn::Device::cpu);
  results_of_step(*network, DType::f32, {.training = true});
  return nn::memory_use(nn::Device::cpu).peak - before;
}

// Measured: 0.71 and 0.37 of the textbook's bytes.
TEST(DenseNet, NeedsLessMemoryThanTheTextbookAndAtMostHalfIfItRecomputes) {
  const auto textbook = static_cast<double>(peak_of_step<test::TextbookDenseNet>(false));
  EXPECT_LT(static_cast<double>(peak_of_step<DenseNet>(false)), 0.8 * textbook);
  EXPECT_LT(static_cast<double>(peak_of_step<DenseNet>(true)), 0.5 * textbook);
}

TEST(DenseNet, KeepsNoTapeWhereNothingIsTrained) {
  const auto network = make_thin<DenseNet>(DType::f32);
  for (const auto& [path, parameter] : network->parameters()) parameter->set_trainable(path.starts_with("head."));
  nn::Tape tape;
  const Variable x(random_tensor({2, 32, 32, 3}, DType::f32, 1, -1, 1), &tape);
  const Variable logits = (*network)(x, {.training = true, .frozen_batch_norm = true});
  EXPECT_THAT(tape.names(), testing::ElementsAre(testing::StrEq("linear")));
}

// The same gradients for what is left to train, whatever is frozen before, between or behind it.
TEST(DenseNet, TrainsAnyPartAlone) {
  const Results all = results_of_step(*make_thin<DenseNet>(DType::f64), DType::f64, {.training = true});
  for (const std::string part :
       {"features.conv0.weight", "features.denseblock1.denselayer2.norm1.bias", "features.transition1.conv.weight",
        "features.denseblock2.denselayer3.conv2.weight", "features.norm5.weight"}) {
    for (const bool recompute : {false, true}) {
      const auto network = make_thin<DenseNet>(DType::f64, recompute);
      for (const auto& [path, parameter] : network->parameters()) parameter->set_trainable(path == part);
      const Results alone = results_of_step(*network, DType::f64, {.training = true});
      const std::string name = "gradient of " + part;
      EXPECT_EQ(test::difference(name, alone.at(name), all.at(name), 1e-12), "");
    }
  }
}

TEST(DenseNet, MayHaveOneBlockButNotNone) {
  EXPECT_THROW(DenseNet({.blocks = {}}, {.classes = 6, .dropout = 0.0}), nn::Error);
  DenseNet one({.blocks = {1}, .stem = 4, .growth = 3}, {.classes = 2, .dropout = 0.0});
  EXPECT_EQ(one(Variable(Tensor::zeros({1, 8, 8, 3})), {}).shape(), (nn::Shape{1, 1, 1, 2}));
}

TEST(DenseNet, RefusesToTrainOnMapsOfOnePixel) {
  const auto network = make_thin<DenseNet>(DType::f32);
  EXPECT_THROW((*network)(Variable(Tensor::zeros({1, 16, 16, 3})), {.training = true}), nn::Error);
  EXPECT_THROW((*network)(Variable(Tensor::zeros({1, 8, 8, 3})), {}), nn::Error);
}

TEST(DenseBlock, IsRunByItsNetworkAlone) {
  models::DenseBlock block(4, 1, {});
  EXPECT_THROW(block(Variable(Tensor::zeros({1, 8, 8, 4})), {}), nn::Error);
}

}  // namespace
