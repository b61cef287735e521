// VGG: torchvision's names, the paper's counts, and what it refuses. vgg_golden_test.cpp has its values.
#include "models/vgg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "nn/core/philox.h"
#include "tests/support/error_of.h"

namespace models {
namespace {

using nn::Shape;
using nn::Tensor;
using nn::Variable;
using testing::ElementsAre;
using testing::HasSubstr;

std::unique_ptr<nn::Module> undrawn(bool batch_norm, Head head) {
  return std::make_unique<Vgg>(vgg16(batch_norm),
                               ModelOptions{.head = head, .classes = head == Head::ct ? 6 : 1000, .dropout = 0.0});
}

std::int64_t feature_count(nn::Module& network) {
  std::int64_t count = 0;
  for (const auto& [path, parameter] : network.parameters()) {
    if (path.starts_with("features.")) count += parameter->shape().elements();
  }
  return count;
}

TEST(Vgg, HasThePapersParameterCounts) {
  EXPECT_EQ(undrawn(false, Head::imagenet)->parameter_count(), 138357544);
  EXPECT_EQ(undrawn(true, Head::imagenet)->parameter_count(), 138365992);
  EXPECT_EQ(feature_count(*undrawn(false, Head::ct)), 14714688);
  EXPECT_EQ(undrawn(false, Head::ct)->parameter_count(), 14714688 + 6 * 513);
}

std::vector<std::string> names_of(nn::Module& network) {
  std::vector<std::string> names;
  for (const auto& [path, parameter] : network.parameters()) {
    if (path.ends_with("weight")) names.push_back(path.substr(0, path.rfind('.')));
  }
  return names;
}

TEST(Vgg, HasTorchvisionsNames) {
  EXPECT_THAT(names_of(*undrawn(false, Head::imagenet)),
              ElementsAre("features.0", "features.2", "features.5", "features.7", "features.10", "features.12",
                          "features.14", "features.17", "features.19", "features.21", "features.24", "features.26",
                          "features.28", "classifier.0", "classifier.3", "classifier.6"));
  EXPECT_THAT(names_of(*undrawn(true, Head::ct)),
              ElementsAre("features.0", "features.1", "features.3", "features.4", "features.7", "features.8",
                          "features.10", "features.11", "features.14", "features.15", "features.17", "features.18",
                          "features.20", "features.21", "features.24", "features.25", "features.27", "features.28",
                          "features.30", "features.31", "features.34", "features.35", "features.37", "features.38",
                          "features.40", "features.41", "head"));
}

TEST(Vgg, TakesOddSizesChannelsAndClasses) {
  Vgg network({.stages = {{4}, {6}, {8}, {8}, {8}}}, {.channels = 5, .classes = 3, .dropout = 0.5});
  EXPECT_EQ(network(Variable(Tensor::zeros({2, 33, 71, 5})), {}).shape(), (Shape{2, 1, 1, 3}));
}

TEST(Vgg, TheFullyConnectedTopIsFor224PixelsAlone) {
  for (const char* name : {"vgg16", "vgg16-bn"}) {
    const std::string message = test::error_of([&] { make_model(name, {.head = Head::imagenet, .size = 256}); });
    EXPECT_THAT(message, HasSubstr(name));
    EXPECT_THAT(message, HasSubstr("224 pixels alone, not of 256; the ct head takes any"));
  }
}

TEST(Vgg, TheFullyConnectedTopRefusesMapsOfAnotherSize) {
  Vgg network({.stages = {{4}, {6}}, .top_height = 2, .top_width = 3, .hidden = 5},
              {.head = Head::imagenet, .classes = 7});
  EXPECT_EQ(network(Variable(Tensor::zeros({1, 8, 12, 3})), {}).shape(), (Shape{1, 1, 1, 7}));
  EXPECT_THAT(test::error_of([&] {
                network(Variable(Tensor::zeros({1, 12, 8, 3})), {});
              }),
              HasSubstr("[classifier.0] expects maps of 2 x 3 x 6, got {1, 3, 2, 6}"));
}

// He et al. 2015, equation 10: with N(0, 2 / fan_in) a signal keeps its size through all layers. Glorot's weights
// would leave a thousandth of it.
TEST(Vgg, InitialWeightsKeepTheSignalsSize) {
  const auto network = make_model("vgg16", {.size = 64, .seed = 1});
  struct LastFeatures : nn::LayerObserver {
    Shape shape{};
    void note(const nn::LayerNote& note) override {
      if (note.path == "features.30") shape = note.output;
    }
  } last;
  nn::Random random(1);
  Tensor x = Tensor::empty({1, 64, 64, 3});
  for (std::int64_t i = 0; i < x.elements(); ++i) x.data<float>()[i] = random.normal();
  const std::vector<float> logits = (*network)(Variable(x), {.observer = &last}).value().to_vector<float>();
  EXPECT_EQ(last.shape, (Shape{1, 2, 2, 512}));
  double squares = 0;
  for (const float logit : logits) squares += logit * logit;
  const double size = std::sqrt(squares / static_cast<double>(logits.size()));
  EXPECT_GT(size, 0.1);
  EXPECT_LT(size, 10);
}

}  // namespace
}  // namespace models
