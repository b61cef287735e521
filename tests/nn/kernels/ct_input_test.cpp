// What holds for every map: windows, slices, batches, where a result may be written, what is refused. Upright and
// turned maps and noise have files of their own.
#include "nn/kernels/ct_input.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "nn/cpu/target/simd_target.h"
#include "tests/nn/kernels/ct_input_reference.h"

namespace nn::test::ct {
namespace {

TEST(CtInput, ChannelsAreNormalised) {
  const Sample sample{.windows = {{40, 80}, {80, 200}}};
  expect_plain_computation(random_slices({1, 6, 5, 1}, -50, 250), {sample}, {1, 6, 5, 2}, {0.485, 0.2}, {0.229, 2});
}

TEST(CtInput, EverySampleOfABatchHasItsOwnSliceAndParameters) {
  const std::vector<Sample> samples = {
      {.map = {1, 0, 0, 0, 1, 0}, .windows = {{40, 80}}},
      {.slope = {2}, .intercept = {-7}, .map = {-1.5, 0, 6, 0, 1.5, 0.2}, .windows = {{80, 200}}}};
  expect_plain_computation(random_slices({2, 8, 6, 1}, 0, 200), samples, {2, 5, 4, 1});
}

TEST(CtInput, OneSliceServesAllSamples) {
  const std::vector<Sample> samples = {{.windows = {{40, 80}}}, {.map = {-1, 0, 5, 0, 1, 0}, .windows = {{40, 80}}}};
  expect_plain_computation(random_slices({1, 8, 6, 1}, 0, 100), samples, {2, 8, 6, 1});
}

TEST(CtInput, EveryInstructionSetMatchesThePlainComputation) {
  // Wide enough for whole registers and what is left of them, upright and turned, one slice and three.
  const std::string before = cpu::simd_target();
  const Sample upright{.slope = {1.5}, .intercept = {-100}, .map = {2.29, 0, 0.6, 0, -2.29, 40}, .windows = {{40, 80}}};
  Sample turned = upright, stack = upright;
  turned.map = {1.3, 0.4, 0.7, -0.35, 1.2, 2.1};
  stack.slope = {1, 0.5, 2};
  stack.intercept = {-10, 20, 5};
  for (const std::string& target : cpu::simd_targets()) {
    SCOPED_TRACE(target);
    cpu::set_simd_target(target);
    expect_plain_computation(random_slices({1, 43, 75, 1}, -100, 300), {upright}, {1, 18, 31, 1});
    expect_plain_computation(random_slices({1, 43, 75, 1}, -100, 300), {turned}, {1, 18, 31, 1});
    expect_plain_computation(random_slices({1, 43, 75, 3}, -100, 300), {stack}, {1, 18, 31, 3});
  }
  cpu::set_simd_target(before);
}

TEST(CtInput, AnImageOfABatchIsWrittenAndNothingBesideIt) {
  // Pixels side by side are written in whole registers. Upright by whole steps and by others, and turned.
  const std::string before = cpu::simd_target();
  const Tensor slices = random_slices({1, 12, 160, 1}, -100, 300);
  const std::vector<std::vector<double>> maps = {{1, 0, 0, 0, 1, 0},
                                                 {2, 0, 0.5, 0, 2, 0.5},
                                                 {4, 0, 1.5, 0, 4, 1.5},
                                                 {1.7, 0, 0.3, 0, 1.7, 0.2},
                                                 {1, 0.3, 0, -0.3, 1, 4}};
  const std::vector<GreyWindow> windows = {{40, 80}, {80, 200}, {40, 380}, {600, 2800}, {30, 8}};
  for (const std::string& target : cpu::simd_targets()) {
    cpu::set_simd_target(target);
    for (const std::vector<double>& map : maps) {
      for (std::ptrdiff_t channels = 1; channels <= 5; ++channels) {
        SCOPED_TRACE(target + ", " + std::to_string(channels) + " channels, step " + std::to_string(map[0]));
        const Sample sample{.map = map, .windows = {windows.begin(), windows.begin() + channels}};
        const Tensor batch = Tensor::empty({3, 3, 39, channels}, DType::f32);
        const std::int64_t image = batch.elements() / 3;
        std::fill_n(batch.data<float>(), batch.elements(), std::numeric_limits<float>::quiet_NaN());
        ct_input(slices, parameters({sample}), {}, {}, batch.batch_range(1, 2));
        const std::vector<float> all = batch.to_vector<float>();
        EXPECT_LT(largest_difference({all.begin() + image, all.end() - image},
                                     run(slices, {sample}, {1, 3, 39, channels}, DType::f64)),
                  f32_tolerance);
        const auto is_canary = [](float value) { return std::isnan(value); };
        EXPECT_TRUE(std::all_of(all.begin(), all.begin() + image, is_canary));
        EXPECT_TRUE(std::all_of(all.end() - image, all.end(), is_canary));
      }
    }
  }
  cpu::set_simd_target(before);
}

TEST(CtInput, WindowsComeBeforeResizing) {
  // Bone of 1000 HU beside blood of 70 HU, halved in the brain window 40/80: bone is white (1), blood 70/80. Averaging
  // HU first would give 535 HU, white: the blood would be gone.
  const Tensor slices = Tensor::from<std::int16_t>({1, 2, 2, 1}, {1000, 70, 1000, 70});
  const std::vector<double> y =
      run(slices, {{.map = {2, 0, 0.5, 0, 2, 0.5}, .windows = {{40, 80}}}}, {1, 1, 1, 1}, DType::f32);
  EXPECT_EQ(y[0], (1 + 70 / 80.0) / 2);
}

TEST(CtInput, WhiteIsOneButForRounding) {
  // A reciprocal of the width makes 1 of it but for rounding. Measured: at most 2.4e-7 above.
  const Tensor slices = Tensor::from<std::int16_t>({1, 8, 12, 1}, std::vector<std::int16_t>(96, 3071));
  double least = 1, most = 1;
  for (int width = 1; width <= 400; ++width) {
    for (const std::vector<double>& map : std::vector<std::vector<double>>{
             {1, 0, 2, 0, 1, 2}, {2, 0, 0.5, 0, 2, 0.5}, {1.4, 0, 2, 0, 1.4, 1}, {1.1, 0.2, 2, -0.2, 1.1, 3}}) {
      const Sample sample{.map = map, .windows = {{40.0, static_cast<double>(width)}}};
      for (const double value : run(slices, {sample}, {1, 3, 4, 1}, DType::f32)) {
        least = std::min(least, value);
        most = std::max(most, value);
      }
    }
  }
  EXPECT_GT(least, 1 - 5e-7);
  EXPECT_LT(most, 1 + 5e-7);
}

TEST(CtInput, TheNarrowestAndTheWidestWindowGiveNumbers) {
  const Tensor slices = random_slices({1, 12, 40, 1}, -2000, 4000);
  for (const double width : {1e-6, 1e9}) {
    for (const double turn : {0.0, 0.3}) {
      for (const double value :
           run(slices, {{.map = {1, turn, 0, -turn, 1, 4}, .windows = {{40, width}}}}, {1, 12, 40, 1}, DType::f32)) {
        ASSERT_TRUE(value >= 0 && value <= 1 + 5e-7) << value << " in a window of " << width;
      }
    }
  }
}

TEST(CtInput, TheSteepestRescalingGivesNumbers) {
  const Tensor slices = random_slices({1, 12, 40, 1}, -2, 2);  // 0 among them
  for (const double sign : {-1.0, 1.0}) {
    for (const double turn : {0.0, 0.3}) {
      const Sample sample{.slope = {sign * 1e6},
                          .intercept = {-sign * 1e9},
                          .map = {1, turn, 0, -turn, 1, 4},
                          .noise = 1e6,
                          .windows = {{40, 80}}};
      for (const double value : run(slices, {sample}, {1, 12, 40, 1}, DType::f32)) {
        ASSERT_TRUE(value >= 0 && value <= 1 + 5e-7) << value << " by a slope of " << sample.slope[0];
      }
    }
  }
}

TEST(CtInput, HounsfieldUnitsAreClipped) {
  const Tensor slices = Tensor::from<std::int16_t>({1, 1, 4, 1}, {-32768, -1025, 3072, 32767});
  const std::vector<double> y =
      run(slices, {{.windows = {{0, 16384}}}}, {1, 1, 4, 1}, DType::f64);  // wider than the clip
  const double air = 0.5 - 1024 / 16384.0, metal = 0.5 + 3071 / 16384.0;
  EXPECT_EQ(y, (std::vector<double>{air, air, metal, metal}));
}

TEST(CtInput, OutsideThePictureIsAir) {
  const Tensor slices = random_slices({1, 4, 4, 1}, 1000, 2000);
  const Sample far{.map = {1, 0, 1e6, 0, 1, -1e6}, .windows = {{-500, 4000}}};
  for (const double value : run(slices, {far}, {1, 3, 3, 1}, DType::f64)) EXPECT_EQ(value, (-1024 - -2500) / 4000.0);
  const Sample half_out{.map = {1, 0, -0.5, 0, 1, 0}, .windows = {{0, 16384}}};
  const double first = slices.data<std::int16_t>()[0], air = -1024;
  EXPECT_DOUBLE_EQ(run(slices, {half_out}, {1, 1, 1, 1}, DType::f64)[0], 0.5 + (first + air) / 2 / 16384);
}

TEST(CtInput, RefusesWhatCannotBe) {
  const Tensor slices = random_slices({1, 4, 4, 1}, 0, 100);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refuses = [&](const Sample& sample, Shape shape) {
    EXPECT_THROW(run(slices, {sample}, shape, DType::f32), Error);
  };
  const Shape shape{1, 4, 4, 1};
  refuses({.slope = {nan}}, shape);
  refuses({.map = {1, 0, nan, 0, 1, 0}}, shape);
  refuses({.map = {1e9, 0, 0, 0, 1, 0}}, shape);
  for (const double slope : {1.1e6, -1.1e6, 1e39}) refuses({.slope = {slope}}, shape);
  for (const double intercept : {1.1e9, -1.1e9, 1e39}) refuses({.intercept = {intercept}}, shape);
  for (const double noise : {-1.0, 1.1e6, 1e39}) refuses({.noise = noise}, shape);
  for (const double width : {0.0, -80.0, 1e-40, 9e-7, 1.1e9, 1e39, nan}) refuses({.windows = {{40, width}}}, shape);
  refuses({}, {1, 4, 4, 2});                                               // two channels from one window
  EXPECT_THROW(run(slices, {Sample{}}, shape, DType::f32, {0.5}), Error);  // a mean alone
  for (const double deviation : {0.0, -1.0, nan}) {
    EXPECT_THROW(run(slices, {Sample{}}, shape, DType::f32, {0.5}, {deviation}), Error) << deviation;
  }
  EXPECT_THROW(run(random_slices({1, 4, 4, 4}, 0, 9), {Sample{}}, {1, 4, 4, 4}, DType::f32), Error);
  EXPECT_THROW(run(random_slices({3, 4, 4, 1}, 0, 9), {{}, {}}, {2, 4, 4, 1}, DType::f32), Error);
}

}  // namespace
}  // namespace nn::test::ct
