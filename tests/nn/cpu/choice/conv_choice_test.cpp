#include "nn/cpu/choice/conv_choice.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "nn/core/error.h"

namespace nn::cpu {
namespace {

/// Puts the choice back however a test ends.
class ConvChoice : public testing::Test {
 protected:
  ~ConvChoice() override { set_conv_choice(kept_); }

 private:
  std::string kept_ = conv_choice();
};

constexpr ConvGeometry same{.padding = pad(1)};

TEST_F(ConvChoice, IsAutoUnlessTheEnvironmentNamesAnother) {
  const char* wanted = std::getenv("FALX_CONV");
  EXPECT_EQ(conv_choice(), wanted != nullptr ? wanted : "auto");
}

TEST_F(ConvChoice, TakesEveryNameAndRefusesOthers) {
  for (const std::string& name : conv_choices()) {
    set_conv_choice(name);
    EXPECT_EQ(conv_choice(), name);
  }
  EXPECT_THROW(set_conv_choice("fft"), Error);
  EXPECT_EQ(conv_choice(), conv_choices().back());
}

TEST_F(ConvChoice, IsForcedOnlyWhereMinimalFilteringIsPossible) {
  set_conv_choice("winograd");
  const auto forward = [](const Shape& w, const ConvGeometry& geometry, DType dtype = DType::f32) {
    return conv_algorithm(ConvPass::forward, {1, 5, 5, w.c}, w, geometry, dtype);
  };
  EXPECT_EQ(forward({2, 3, 3, 1}, same), ConvAlgorithm::f4x4_3x3);
  EXPECT_EQ(forward({2, 3, 3, 1}, same, DType::f64), ConvAlgorithm::direct);
  EXPECT_EQ(forward({2, 3, 1, 1}, same), ConvAlgorithm::direct);
  EXPECT_EQ(forward({2, 3, 2, 1}, same), ConvAlgorithm::direct);
  EXPECT_EQ(forward({2, 2, 2, 1}, {}), ConvAlgorithm::f3x3_2x2);
  EXPECT_EQ(forward({2, 2, 2, 1}, {.stride_h = 2}), ConvAlgorithm::direct);
  EXPECT_EQ(forward({2, 3, 3, 1}, {.stride_w = 2, .padding = pad(1)}), ConvAlgorithm::direct);
}

TEST_F(ConvChoice, AutomaticallyTakesMinimalFilteringForLargeLayersAlone) {
  set_conv_choice("auto");
  const auto forward = [](const Shape& x, std::int64_t out) {
    return conv_algorithm(ConvPass::forward, x, {out, 3, 3, x.c}, same, DType::f32);
  };
  const auto forward_2x2 = [](const Shape& x, std::int64_t out) {
    return conv_algorithm(ConvPass::forward, x, {out, 2, 2, x.c}, {}, DType::f32);
  };
  EXPECT_EQ(forward_2x2({8, 223, 223, 96}, 96), ConvAlgorithm::f3x3_2x2);  // cnn-2019
  EXPECT_EQ(forward_2x2({8, 224, 224, 3}, 96), ConvAlgorithm::direct);
  EXPECT_EQ(forward_2x2({8, 5, 5, 96}, 96), ConvAlgorithm::direct);    // 16 pixels of 36
  EXPECT_EQ(forward({8, 224, 224, 64}, 64), ConvAlgorithm::f4x4_3x3);  // VGG
  EXPECT_EQ(forward({8, 28, 28, 128}, 32), ConvAlgorithm::f4x4_3x3);   // DenseNet
  EXPECT_EQ(forward({8, 224, 224, 3}, 64), ConvAlgorithm::direct);     // three channels fill no vector
  EXPECT_EQ(forward({8, 5, 5, 64}, 64), ConvAlgorithm::direct);        // 25 pixels leave most of 4 tiles empty
  EXPECT_EQ(forward({1, 8, 8, 64}, 64), forward({8, 8, 8, 64}, 64));   // one image is computed as among others
  EXPECT_EQ(forward({8, 7, 7, 256}, 256), forward({256, 7, 7, 256}, 256));
}

TEST_F(ConvChoice, AutomaticallyCountsTheTilesThatAPassFills) {
  set_conv_choice("auto");
  const auto algorithm = [](ConvPass pass, const Shape& x) {
    return conv_algorithm(pass, x, {64, 3, 3, 64}, {}, DType::f32);  // without padding: y is smaller than x
  };
  // y is 3 x 3, most of a tile of 4 x 4; the gradient of x, 5 x 5, fills 25 of the 64 pixels of its tiles.
  for (const ConvPass pass : {ConvPass::forward, ConvPass::backward_weights}) {
    EXPECT_EQ(algorithm(pass, {8, 5, 5, 64}), ConvAlgorithm::f4x4_3x3) << name(pass);
  }
  EXPECT_EQ(algorithm(ConvPass::backward_data, {8, 5, 5, 64}), ConvAlgorithm::direct);
  // And the other way round: y is 2 x 2, a quarter of its tile, the gradient of x all of one.
  EXPECT_EQ(algorithm(ConvPass::forward, {8, 4, 4, 64}), ConvAlgorithm::direct);
  EXPECT_EQ(algorithm(ConvPass::backward_data, {8, 4, 4, 64}), ConvAlgorithm::f4x4_3x3);
}

}  // namespace
}  // namespace nn::cpu
