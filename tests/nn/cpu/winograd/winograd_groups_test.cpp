// Minimal filtering of so many channels that threads share the work within a group of tiles (winograd_plan.cpp), and of
// so many tiles that these are several groups; the cases of conv_reference.h are too small for that.
#include <gtest/gtest.h>

#include <utility>

#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/winograd/winograd_plan.h"
#include "tests/nn/kernels/conv_reference.h"

namespace nn::test {
namespace {

using cpu::winograd::Tiling;

constexpr Shape x_shape{1, 66, 65, 2056}, w_shape{16, 3, 3, 2056}, y_shape{1, 66, 65, 16};
constexpr ConvGeometry geometry{.padding = pad(1)};

TEST(WinogradGroups, AreSeveralAndSharedWithin) {
  const std::int64_t tiles = cpu::winograd::TileGrid(y_shape, Tiling::f4x4_3x3).tiles, depth = 2064, out = 16;
  const auto forward = cpu::winograd::forward_plan(Tiling::f4x4_3x3, tiles, depth, out);
  EXPECT_FALSE(forward.fused);
  EXPECT_LT(forward.group_tiles, tiles);
  const auto backward = cpu::winograd::forward_plan(Tiling::f4x4_3x3, tiles, out, depth);
  EXPECT_FALSE(backward.fused);
  EXPECT_LT(backward.columns_at_once, depth);
  const auto weights = cpu::winograd::weights_plan(Tiling::f4x4_3x3, tiles, out, depth);
  EXPECT_EQ(weights.runs, 1);
  EXPECT_LT(weights.group_tiles, tiles);
  EXPECT_LT(weights.columns_a_product, depth);
}

/// y, its mean and variance, the gradients of x (added to what is there) and w.
std::vector<std::vector<double>> results_by(const char* choice) {
  const std::string kept = cpu::conv_choice();
  cpu::set_conv_choice(choice);
  const Tensor x = random_tensor<float>(x_shape, 1), w = random_tensor<float>(w_shape, 2),
               dy = random_tensor<float>(y_shape, 3), dx = random_tensor<float>(x_shape, 4);
  const Tensor y = Tensor::empty(y_shape), dw = Tensor::empty(w_shape);
  const Tensor mean = Tensor::empty(vector_shape(y.c())), variance = Tensor::empty(vector_shape(y.c()));
  conv2d_forward(x, w, {.relu = true}, {.relu = true, .mean = mean, .variance = variance}, geometry, y);
  conv2d_backward_data(dy, w, geometry, dx, 1);
  conv2d_backward_weights(x, dy, {.relu = true}, geometry, dw, 0);
  cpu::set_conv_choice(kept);
  return {doubles(y), doubles(mean), doubles(variance), doubles(dx), doubles(dw)};
}

// Measured, the largest of all instruction sets: 1.1e-5, 1.1e-7, 1.6e-7, 5.4e-6, 7.4e-6 of the largest value.
TEST(WinogradGroups, GiveWhatDirectConvolutionsGive) {
  const auto expected = results_by("direct"), found = results_by("winograd");
  const std::pair<const char*, double> bounds[] = {
      {"y", 1.6e-5}, {"mean", 4e-7}, {"variance", 4e-7}, {"dx", 1e-5}, {"dw", 1.2e-5}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_LT(relative_error(found[i], expected[i]), bounds[i].second) << bounds[i].first;
  }
}

}  // namespace
}  // namespace nn::test
