// Maps without a turn: scaled, shifted, mirrored; and by whole steps, which have loops of their own.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "nn/cpu/ct_input/ct_upright.h"
#include "nn/cpu/target/simd_target.h"
#include "tests/nn/kernels/ct_input_reference.h"
#include "tests/support/canary.h"

namespace nn::test::ct {
namespace {

TEST(CtInputUpright, MoreChannelsThanLanesMatchThePlainComputation) {
  const Sample sample{.map = {2.2, 0, 0.1, 0, 3.1, -0.4},
                      .windows = {{40, 80}, {80, 200}, {40, 380}, {600, 2800}, {30, 8}}};
  expect_plain_computation(random_slices({1, 21, 18, 1}, -100, 300), {sample}, {1, 7, 8, 5});
  Sample three = sample;
  three.slope = {1, 1, 1};
  three.intercept = {0, 1, 2};
  expect_plain_computation(random_slices({1, 21, 18, 3}, -100, 300), {three}, {1, 5, 3, 15});
}

TEST(CtInputUpright, IdentityIsExact) {
  // Stored values 0 to 127 in a window of 128 HU: value / 128 is exact in either type.
  const Tensor slices = random_slices({1, 10, 12, 1}, 0, 128);
  const std::vector<std::int16_t> stored = slices.to_vector<std::int16_t>();
  for (const DType dtype : {DType::f32, DType::f64}) {
    const std::vector<double> y = run(slices, {{.windows = {{64, 128}}}}, {1, 10, 12, 1}, dtype);
    for (std::size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], stored[i] / 128.0);
  }
}

TEST(CtInputUpright, HalvingIsTheAreaAverage) {
  const Tensor slices = random_slices({1, 64, 48, 1}, 0, 128);
  const std::int16_t* in = slices.data<std::int16_t>();
  const Sample sample{.map = {2, 0, 0.5, 0, 2, 0.5}, .windows = {{64, 128}}};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const std::vector<double> y = run(slices, {sample}, {1, 32, 24, 1}, dtype);
    for (int i = 0; i < 32; ++i) {
      for (int j = 0; j < 24; ++j) {
        const std::int16_t* block = in + 2 * i * 48 + 2 * j;
        ASSERT_EQ(y[static_cast<std::size_t>(i * 24 + j)], (block[0] + block[1] + block[48] + block[49]) / 512.0);
      }
    }
  }
}

TEST(CtInputUpright, FlipIsExact) {
  const Tensor slices = random_slices({1, 5, 9, 1}, 0, 128);
  const Sample sample{.map = {-1, 0, 8, 0, 1, 0}, .windows = {{64, 128}}};
  const std::vector<double> y = run(slices, {sample}, {1, 5, 9, 1}, DType::f32);
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 9; ++j) {
      ASSERT_EQ(y[static_cast<std::size_t>(i * 9 + j)], slices.data<std::int16_t>()[i * 9 + 8 - j] / 128.0);
    }
  }
}

TEST(CtInputUpright, UprightMapsAgreeWithGeneralOnes) {
  // A turn too small to move a point, but not zero, takes the general way. (No point lies at 0, which it would move.)
  const Tensor slices = random_slices({1, 50, 40, 1}, -100, 300);
  for (const double step : {0.3, 1.0, 1.9, 2.0, 3.7}) {
    Sample upright{.map = {step, 0, 0.625, 0, step, 0.625}, .windows = {{40, 80}, {80, 200}}};
    Sample general = upright;
    general.map[1] = general.map[3] = 1e-300;
    const Shape shape{1, 17, 13, 2};
    EXPECT_LT(largest_difference(run(slices, {upright}, shape, DType::f32), run(slices, {general}, shape, DType::f32)),
              f32_tolerance)
        << step;
    EXPECT_EQ(run(slices, {upright}, shape, DType::f64), run(slices, {general}, shape, DType::f64)) << step;
  }
}

TEST(CtInputUpright, WholeStepsMatchThePlainComputationOnEveryInstructionSet) {
  // Each output pixel is the mean of 1, 4 or 16 whole source pixels, of one to five channels; widths leave some pixels
  // beyond the last whole register, and sources pixels that no output pixel shows.
  const std::string before = cpu::simd_target();
  const std::vector<GreyWindow> windows = {{40, 80}, {80, 200}, {40, 380}, {600, 2800}, {30, 8}};
  for (const std::string& target : cpu::simd_targets()) {
    cpu::set_simd_target(target);
    for (const int step : {1, 2, 4}) {
      for (std::size_t channels = 1; channels <= windows.size(); ++channels) {
        SCOPED_TRACE(target + ", step " + std::to_string(step) + ", " + std::to_string(channels) + " channels");
        const auto count = static_cast<std::ptrdiff_t>(channels);
        const double start = (step - 1) / 2.0;
        const Sample sample{.slope = {1.5},
                            .intercept = {-100},
                            .map = {1.0 * step, 0, start, 0, 1.0 * step, start},
                            .windows = {windows.begin(), windows.begin() + count}};
        expect_plain_computation(random_slices({1, 3 * step, 39 * step + 1, 1}, -100, 300), {sample}, {1, 3, 39, count},
                                 std::vector<double>(channels, 0.4), std::vector<double>(channels, 0.9));
      }
    }
  }
  cpu::set_simd_target(before);
}

TEST(CtInputUpright, WritesIntoASliceOfChannelsAndNothingElse) {
  const Tensor slices = random_slices({1, 12, 10, 1}, -100, 300);
  const Sample sample{.map = {1.1, 0, 0, 0, 1.1, 0}, .windows = {{40, 80}, {80, 200}}};
  const ::test::Framed framed(Tensor::zeros({1, 6, 7, 2}));
  ct_input(slices, parameters({sample}), {}, {}, framed.inside());
  const std::vector<float> inside = framed.inside().to_vector<float>();
  EXPECT_EQ(std::vector<double>(inside.begin(), inside.end()), run(slices, {sample}, {1, 6, 7, 2}, DType::f32));
  EXPECT_EQ(framed.harm("y"), "");
}

TEST(CtInputUpright, WholeStepsWriteIntoASliceOfChannelsAndNothingElse) {
  const Tensor slices = random_slices({1, 12, 86, 3}, -100, 300);
  for (const int step : {1, 2, 4}) {
    const double start = (step - 1) / 2.0;
    Sample sample{.slope = {1, 1, 1}, .intercept = {0, 0, 0}, .map = {1.0 * step, 0, start, 0, 1.0 * step, start}};
    sample.windows = {{80, 200}};
    const Shape shape{1, 3, 21, 3};
    const ::test::Framed framed(Tensor::zeros(shape));
    ct_input(slices, parameters({sample}), {}, {}, framed.inside());
    const std::vector<float> inside = framed.inside().to_vector<float>();
    EXPECT_LT(largest_difference({inside.begin(), inside.end()}, run(slices, {sample}, shape, DType::f64)),
              f32_tolerance);
    EXPECT_EQ(framed.harm("y"), "") << step;
  }
}

// Samples can be a pixel apart and a rounding error more: together they touch one pixel more than they otherwise do.
TEST(CtInputUpright, WeightsHoldEverySampleWhereStepsRoundUp) {
  for (const auto& [step, start] : {std::pair{2.0000009, 0.49977062499999647},
                                    {2.0000000000000004, 0.49999999999999994},
                                    {2.0, 0.5},
                                    {-2.0000009, 511.5},
                                    {1.0, 0.0},
                                    {0.3, -0.2}}) {
    const cpu::AxisWeights axis(step, start, 256, 512);
    ASSERT_EQ(axis.weight.size(), 256U * static_cast<std::size_t>(axis.taps));
    for (std::size_t j = 0; j < 256; ++j) {
      float sum = 0;
      for (int t = 0; t < axis.taps; ++t) sum += axis.weight[j * static_cast<std::size_t>(axis.taps) + t];
      EXPECT_NEAR(sum, 1, 1e-6) << "pixel " << j << ", step " << step;
    }
  }
  EXPECT_EQ(cpu::AxisWeights(1, 0, 256, 256).taps, 1);
}

}  // namespace
}  // namespace nn::test::ct
