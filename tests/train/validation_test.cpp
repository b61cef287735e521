#include "train/validation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/ops/loss.h"
#include "tests/train/tiny_network.h"
#include "train/head.h"

namespace {

using train::ImageLabels;
using train::Probabilities;

/// Three images, some labels unknown, one label unknown everywhere.
struct Example {
  std::vector<Probabilities> logits = {{1, -2, 0.5, 3, -40, 0}, {-1, 2, 0, -3, 40, 1}, {0.25, 0, 0, 5, 1, -1}};
  std::vector<ImageLabels> labels{3};

  Example() {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      for (std::size_t l = 0; l < 6; ++l) {
        labels[i].known[l] = l != 5 && (i + l) % 4 != 3;
        labels[i].value[l] = labels[i].known[l] && (i + l) % 2 == 0 ? 1.0F : 0.0F;
      }
    }
  }
};

TEST(WeightedLoss, IsTheLossThatTrainingMinimises) {
  const Example example;
  std::vector<float> logits, targets, mask;
  for (std::size_t i = 0; i < example.labels.size(); ++i) {
    for (std::size_t l = 0; l < 6; ++l) {
      logits.push_back(static_cast<float>(example.logits[i][l]));
      targets.push_back(example.labels[i].value[l]);
      mask.push_back(example.labels[i].known[l] ? 1.0F : 0.0F);
    }
  }
  const auto matrix = [](const std::vector<float>& values) {
    return nn::Tensor::from<float>(nn::matrix_shape(3, 6), std::span<const float>(values));
  };
  const std::vector<float> weights(train::challenge_weights.begin(), train::challenge_weights.end());
  const nn::Variable loss =
      nn::sigmoid_bce(nn::Variable(matrix(logits)), matrix(targets), matrix(mask),
                      nn::Tensor::from<float>(nn::vector_shape(6), std::span<const float>(weights)));
  // Measured: 2e-8, the rounding of the op's float32 result.
  EXPECT_NEAR(train::weighted_loss(example.logits, example.labels, train::challenge_weights), loss.value().item(),
              1e-6);
}

TEST(WeightedLoss, OfLargeLogitsIsFinite) {
  std::vector<ImageLabels> labels(1);
  labels[0].known[0] = true;
  EXPECT_EQ(train::weighted_loss(std::vector<Probabilities>{{1000}}, labels, train::challenge_weights), 1000);
  EXPECT_EQ(train::weighted_loss(std::vector<Probabilities>{{-1000}}, labels, train::challenge_weights), 0);
  labels[0].known[0] = false;
  EXPECT_TRUE(std::isnan(train::weighted_loss(std::vector<Probabilities>{{1}}, labels, train::challenge_weights)));
}

TEST(Sigmoid, HasNoOverflow) {
  const Probabilities p = train::sigmoid(Probabilities{0, 1000, -1000, 1, -1, 40});
  EXPECT_EQ(p[0], 0.5);
  EXPECT_EQ(p[1], 1);
  EXPECT_EQ(p[2], 0);
  EXPECT_DOUBLE_EQ(p[3] + p[4], 1);
}

TEST(HeadBias, MakesAnUntrainedNetworkPredictThePrior) {
  test::TinyNetwork network;
  const Probabilities prior = {0.3, 0.01, 0.1, 0, 1, 0.5};
  train::set_head_bias(network, prior);  // the head's weights are still zero
  const nn::Variable logits = network(nn::Variable(nn::Tensor::zeros({1, 4, 4, 3})), {});
  const float* row = logits.value().data<float>();
  const Probabilities p = train::sigmoid(Probabilities{row[0], row[1], row[2], row[3], row[4], row[5]});
  EXPECT_NEAR(p[0], 0.3, 1e-7);
  EXPECT_NEAR(p[1], 0.01, 1e-8);
  EXPECT_NEAR(p[3], 0.001, 1e-9);
  EXPECT_NEAR(p[4], 0.999, 1e-7);
}

TEST(HeadBias, IsRefusedForANetworkWithoutSixOutputs) {
  nn::Linear five(4, 5);
  EXPECT_THROW(train::set_head_bias(five, {}), nn::Error);
}

}  // namespace
