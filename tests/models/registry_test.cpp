// Which networks there are, how large they are, and what they refuse.
#include "models/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/support/error_of.h"

namespace models {
namespace {

using nn::Shape;
using nn::Tensor;
using nn::Variable;

/// Multiply-adds of one image, the output's shape, and the learned numbers that an observer sees and that there are.
struct Cost : nn::LayerObserver {
  std::int64_t multiply_adds = 0, parameters = 0, parameter_count = 0;
  Shape output{};
  void note(const nn::LayerNote& note) override {
    multiply_adds += note.multiply_adds;
    parameters += note.parameters;
    output = note.output;
  }
};
Cost cost_of(std::string_view name, Shape input) {
  Cost cost;
  const auto model = make_model(name, {.channels = input.c});
  cost.parameter_count = model->parameter_count();
  (*model)(Variable(Tensor::zeros(input)), {.observer = &cost});
  return cost;
}

TEST(Registry, EveryNetworkOfItsOwnSizeTakesItsSmallest) {
  for (const ModelEntry& entry : all_models()) {
    EXPECT_EQ(cost_of(entry.name, {1, entry.smallest_size, entry.smallest_size, 3}).output, (Shape{1, 1, 1, 6}))
        << entry.name;
    EXPECT_FALSE(entry.description.empty());
    EXPECT_LT(entry.description.size(), 90U) << "one line in a list";
  }
}

TEST(Registry, ObserversSeeEveryParameter) {
  for (const ModelEntry& entry : all_models()) {
    const Cost cost = cost_of(entry.name, {1, 33, 40, 3});
    EXPECT_EQ(cost.parameters, cost.parameter_count) << entry.name;
  }
}

TEST(Registry, AnUnknownNameListsTheNames) {
  try {
    make_model("resnet");
    FAIL();
  } catch (const nn::Error& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("'resnet'"), testing::HasSubstr("cnn, cnn-2019")));
  }
}

TEST(Registry, RefusesOptionsOutOfRange) {
  EXPECT_THROW(make_model("cnn", {.channels = 0}), nn::Error);
  EXPECT_THROW(make_model("cnn", {.classes = -1}), nn::Error);
  EXPECT_THROW(make_model("cnn", {.size = 31}), nn::Error);
  EXPECT_THROW(make_model("cnn", {.size = 1000000}), nn::Error);
  EXPECT_THROW(make_model("cnn", {.dropout = 1.0}), nn::Error);
  EXPECT_THROW(make_model("cnn", {.dropout = std::nan("")}), nn::Error);
  EXPECT_THROW(make_model("cnn", {.batch_norm_epsilon = 0}), nn::Error);
  EXPECT_THROW(make_model("cnn", {.batch_norm_epsilon = std::nan("")}), nn::Error);
}

TEST(Registry, RefusesTheImagenetHeadOfANetworkThatHasNone) {
  for (const char* name : {"cnn", "cnn-2019"}) {
    const std::string message = test::error_of([&] { make_model(name, {.head = Head::imagenet}); });
    EXPECT_THAT(message, testing::HasSubstr("has no imagenet head")) << name;
  }
}

TEST(Registry, TheSeedAloneDecidesTheWeights) {
  const auto weights = [](std::uint64_t seed, std::int64_t size) {
    return make_model("cnn", {.size = size, .seed = seed})->parameters()[0].parameter->value().to_vector<float>();
  };
  EXPECT_EQ(weights(1, 64), weights(1, 256));
  EXPECT_NE(weights(1, 64), weights(2, 64));
}

TEST(Registry, OptionsSetChannelsAndClasses) {
  const auto model = make_model("cnn", {.channels = 5, .classes = 2});
  EXPECT_EQ((*model)(Variable(Tensor::zeros({3, 40, 32, 5})), {}).shape(), (Shape{3, 1, 1, 2}));
}

TEST(Cnn2019, HasTheOriginals112710Parameters) { EXPECT_EQ(make_model("cnn-2019")->parameter_count(), 112710); }

TEST(Cnn2019, HasTheOriginalsShapesAndCost) {
  // Convolutions give maps of 223, 222, 221 and, after the pool, 110 pixels; a 2x2 one of 96 channels costs 4 * 96 *
  // in.
  struct Shapes : nn::LayerObserver {
    std::vector<std::int64_t> heights;
    std::int64_t multiply_adds = 0;
    void note(const nn::LayerNote& note) override {
      heights.push_back(note.output.h);
      multiply_adds += note.multiply_adds;
    }
  } shapes;
  const auto model = make_model("cnn-2019");
  (*model)(Variable(Tensor::zeros({1, 224, 224, 3})), {.observer = &shapes});
  EXPECT_EQ(shapes.heights, (std::vector<std::int64_t>{223, 222, 221, 111, 110, 1, 1, 1}));
  EXPECT_EQ(shapes.multiply_adds,
            384LL * (223 * 223 * 3 + (222 * 222 + 221 * 221 + 110 * 110) * 96) + 96 * 6);  // 4.1 GMAC
}

TEST(Cnn, IsSmallAndCheap) {
  EXPECT_LT(make_model("cnn")->parameter_count(), 1500000);
  EXPECT_LT(cost_of("cnn", {1, 256, 256, 3}).multiply_adds, 1000000000);
  EXPECT_LT(cost_of("cnn", {1, 128, 128, 3}).multiply_adds, 250000000);
}

TEST(Cnn, EveryParameterHasANameOfItsOwnInPyTorchsStyle) {
  const auto model = make_model("cnn");
  const auto parameters = model->parameters();
  const auto buffers = model->buffers();
  ASSERT_EQ(parameters.size(), 1U + 3 * (2 + 1 + 2 + 1 + 2 + 1) + 2 + 2);
  EXPECT_EQ(buffers.size(), 2U * (3 * 3 + 1));
  EXPECT_EQ(parameters[0].path, "stem.weight");
  EXPECT_EQ(parameters[1].path, "stage1.norm.weight");
  EXPECT_EQ(parameters[4].path, "stage1.block.norm1.weight");
  EXPECT_EQ(buffers[0].path, "stage1.norm.running_mean");
  EXPECT_EQ(buffers[1].path, "stage1.norm.running_var");
}

}  // namespace
}  // namespace models
