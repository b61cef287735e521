// The expected values come from a plain double computation written here from the formulas alone, pixel by pixel.
#include "nn/kernels/ct_input.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "nn/core/parallel.h"
#include "nn/core/philox.h"
#include "nn/cpu/ct_input/ct_upright.h"
#include "nn/cpu/target/simd_target.h"
#include "nn/functors/ct_input.h"
#include "tests/support/canary.h"

namespace {

using nn::DType;
using nn::Shape;
using nn::Tensor;
using nn::functors::CtColumn;

// Measured over the cases here: f32 1.6e-7, f64 1.4e-15.
constexpr double f32_tolerance = 5e-7, f64_tolerance = 5e-15;

struct GreyWindow {
  double centre, width;
};

/// The parameters of one sample, by name.
struct Sample {
  std::vector<double> slope = {1}, intercept = {0};
  std::vector<double> map = {1, 0, 0, 0, 1, 0};
  double noise = 0;
  std::uint32_t key_low = 0, key_high = 0;
  std::vector<GreyWindow> windows = {{1023.5, 4095}};

  std::vector<double> row() const {
    std::vector<double> values(CtColumn::windows);
    std::copy(slope.begin(), slope.end(), values.begin() + CtColumn::slope);
    std::copy(intercept.begin(), intercept.end(), values.begin() + CtColumn::intercept);
    std::copy(map.begin(), map.end(), values.begin() + CtColumn::affine);
    values[CtColumn::noise] = noise;
    values[CtColumn::noise_key] = key_low;
    values[CtColumn::noise_key + 1] = key_high;
    for (const GreyWindow& window : windows) values.insert(values.end(), {window.centre, window.width});
    return values;
  }
};

Tensor parameters(const std::vector<Sample>& samples) {
  std::vector<double> all;
  for (const Sample& sample : samples) {
    const std::vector<double> row = sample.row();
    all.insert(all.end(), row.begin(), row.end());
  }
  const auto n = static_cast<std::int64_t>(samples.size());
  return Tensor::from<double>({n, 1, 1, static_cast<std::int64_t>(all.size()) / n}, std::span<const double>(all));
}

Tensor random_slices(Shape shape, int low, int high, std::uint64_t seed = 1) {
  nn::Random random(seed);
  std::vector<std::int16_t> values(static_cast<std::size_t>(shape.elements()));
  for (std::int16_t& value : values) {
    value = static_cast<std::int16_t>(low + static_cast<int>(random.below(static_cast<std::uint32_t>(high - low))));
  }
  return Tensor::from<std::int16_t>(shape, std::span<const std::int16_t>(values));
}

double expected_window(double hu, const GreyWindow& window) {
  const double clipped = std::clamp(hu, -1024.0, 3071.0);
  return std::clamp((clipped - window.centre) / window.width + 0.5, 0.0, 1.0);
}

/// The windowed value of one source pixel, air where there is none.
double expected_pixel(const Tensor& slices, std::int64_t n, std::int64_t y, std::int64_t x, int slice,
                      const Sample& sample, const GreyWindow& window) {
  if (y < 0 || x < 0 || y >= slices.h() || x >= slices.w()) return expected_window(-1024, window);
  const auto s = static_cast<std::size_t>(slice);
  const std::int16_t stored = slices.row<std::int16_t>((n * slices.h() + y) * slices.w() + x)[slice];
  return expected_window(sample.slope[s] * stored + sample.intercept[s], window);
}

double expected_sample(const Tensor& slices, std::int64_t n, double y, double x, int slice, const Sample& sample,
                       const GreyWindow& window) {
  const double left = std::floor(x), top = std::floor(y);
  double sum = 0;
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) {
      const double weight = (dx ? x - left : left + 1 - x) * (dy ? y - top : top + 1 - y);
      sum += weight * expected_pixel(slices, n, static_cast<std::int64_t>(top) + dy,
                                     static_cast<std::int64_t>(left) + dx, slice, sample, window);
    }
  }
  return sum;
}

double expected_output(const Tensor& slices, std::int64_t n, std::int64_t i, std::int64_t j, std::int64_t channel,
                       const Sample& sample) {
  const std::vector<double>& m = sample.map;
  const int across = std::max(1, static_cast<int>(std::ceil(std::hypot(m[0], m[3]) - 1e-6)));
  const int down = std::max(1, static_cast<int>(std::ceil(std::hypot(m[1], m[4]) - 1e-6)));
  const auto windows = static_cast<std::int64_t>(sample.windows.size());
  double sum = 0;
  for (int b = 0; b < down; ++b) {
    for (int a = 0; a < across; ++a) {
      const double u = static_cast<double>(j) + (a + 0.5) / across - 0.5;
      const double v = static_cast<double>(i) + (b + 0.5) / down - 0.5;
      sum += expected_sample(slices, n, m[3] * u + m[4] * v + m[5], m[0] * u + m[1] * v + m[2],
                             static_cast<int>(channel / windows), sample,
                             sample.windows[static_cast<std::size_t>(channel % windows)]);
    }
  }
  return sum / (across * down);
}

/// The kernel's output, as doubles.
std::vector<double> run(const Tensor& slices, const std::vector<Sample>& samples, Shape y_shape, DType dtype,
                        const std::vector<double>& mean = {}, const std::vector<double>& deviation = {}) {
  const auto channel_tensor = [&](const std::vector<double>& values) {
    return values.empty() ? Tensor() : Tensor::from<double>(nn::vector_shape(y_shape.c), std::span(values));
  };
  const Tensor y = Tensor::empty(y_shape, dtype);
  nn::ct_input(slices, parameters(samples), channel_tensor(mean), channel_tensor(deviation), y);
  if (dtype == DType::f64) return y.to_vector<double>();
  const std::vector<float> values = y.to_vector<float>();
  return {values.begin(), values.end()};
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

void expect_plain_computation(const Tensor& slices, const std::vector<Sample>& samples, Shape shape,
                              const std::vector<double>& mean = {}, const std::vector<double>& deviation = {}) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const std::vector<double> actual = run(slices, samples, shape, dtype, mean, deviation);
    double worst = 0;
    std::size_t at = 0;
    for (std::int64_t n = 0; n < shape.n; ++n) {
      for (std::int64_t i = 0; i < shape.h; ++i) {
        for (std::int64_t j = 0; j < shape.w; ++j) {
          for (std::int64_t channel = 0; channel < shape.c; ++channel, ++at) {
            const auto c = static_cast<std::size_t>(channel);
            double expected =
                expected_output(slices, slices.n() == 1 ? 0 : n, i, j, channel, samples[static_cast<std::size_t>(n)]);
            if (!mean.empty()) expected = (expected - mean[c]) / deviation[c];
            worst = std::max(worst, std::abs(actual[at] - expected));
          }
        }
      }
    }
    EXPECT_LT(worst, dtype == DType::f32 ? f32_tolerance : f64_tolerance) << dtype;
  }
}

TEST(CtInput, WindowsOfOneSliceMatchThePlainComputation) {
  const Sample sample{.slope = {1.5},
                      .intercept = {-1000},
                      .map = {1.7, 0.4, -1.3, -0.35, 1.2, 2.1},
                      .windows = {{40, 80}, {80, 200}, {600, 2800}}};
  expect_plain_computation(random_slices({1, 13, 17, 1}, -500, 2500), {sample}, {1, 7, 11, 3});
}

TEST(CtInput, ThreeSlicesWithTheirOwnSlopesMatchThePlainComputation) {
  const Sample sample{
      .slope = {1, 0.5, 2}, .intercept = {-10, 20, 5}, .map = {0.6, 0.1, 0.7, -0.2, 0.8, 0.4}, .windows = {{80, 200}}};
  expect_plain_computation(random_slices({1, 9, 7, 3}, -100, 300), {sample}, {1, 12, 10, 3});
}

TEST(CtInput, MoreChannelsThanLanesMatchThePlainComputation) {
  const Sample sample{.map = {2.2, 0, 0.1, 0, 3.1, -0.4},
                      .windows = {{40, 80}, {80, 200}, {40, 380}, {600, 2800}, {30, 8}}};
  expect_plain_computation(random_slices({1, 21, 18, 1}, -100, 300), {sample}, {1, 7, 8, 5});
  Sample three = sample;
  three.slope = {1, 1, 1};
  three.intercept = {0, 1, 2};
  expect_plain_computation(random_slices({1, 21, 18, 3}, -100, 300), {three}, {1, 5, 3, 15});
}

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

TEST(CtInput, IdentityIsExact) {
  // Stored values 0 to 127 in a window of 128 HU: value / 128 is exact in either type.
  const Tensor slices = random_slices({1, 10, 12, 1}, 0, 128);
  const std::vector<std::int16_t> stored = slices.to_vector<std::int16_t>();
  for (const DType dtype : {DType::f32, DType::f64}) {
    const std::vector<double> y = run(slices, {{.windows = {{64, 128}}}}, {1, 10, 12, 1}, dtype);
    for (std::size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], stored[i] / 128.0);
  }
}

TEST(CtInput, HalvingIsTheAreaAverage) {
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

TEST(CtInput, FlipIsExact) {
  const Tensor slices = random_slices({1, 5, 9, 1}, 0, 128);
  const Sample sample{.map = {-1, 0, 8, 0, 1, 0}, .windows = {{64, 128}}};
  const std::vector<double> y = run(slices, {sample}, {1, 5, 9, 1}, DType::f32);
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 9; ++j) {
      ASSERT_EQ(y[static_cast<std::size_t>(i * 9 + j)], slices.data<std::int16_t>()[i * 9 + 8 - j] / 128.0);
    }
  }
}

TEST(CtInput, QuarterTurnIsExact) {
  const Tensor slices = random_slices({1, 6, 6, 1}, 0, 128);
  // Output (column, row) shows source (x = row, y = 5 - column): what is seen turns clockwise.
  const Sample sample{.map = {0, 1, 0, -1, 0, 5}, .windows = {{64, 128}}};
  const std::vector<double> y = run(slices, {sample}, {1, 6, 6, 1}, DType::f32);
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) {
      ASSERT_EQ(y[static_cast<std::size_t>(i * 6 + j)], slices.data<std::int16_t>()[(5 - j) * 6 + i] / 128.0);
    }
  }
}

TEST(CtInput, UprightMapsAgreeWithGeneralOnes) {
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

TEST(CtInput, EveryInstructionSetMatchesThePlainComputation) {
  // Wide enough for whole registers and what is left of them, upright and turned, one slice and three.
  const std::string before = nn::cpu::simd_target();
  const Sample upright{.slope = {1.5}, .intercept = {-100}, .map = {2.29, 0, 0.6, 0, -2.29, 40}, .windows = {{40, 80}}};
  Sample turned = upright, stack = upright;
  turned.map = {1.3, 0.4, 0.7, -0.35, 1.2, 2.1};
  stack.slope = {1, 0.5, 2};
  stack.intercept = {-10, 20, 5};
  for (const std::string& target : nn::cpu::simd_targets()) {
    SCOPED_TRACE(target);
    nn::cpu::set_simd_target(target);
    expect_plain_computation(random_slices({1, 43, 75, 1}, -100, 300), {upright}, {1, 18, 31, 1});
    expect_plain_computation(random_slices({1, 43, 75, 1}, -100, 300), {turned}, {1, 18, 31, 1});
    expect_plain_computation(random_slices({1, 43, 75, 3}, -100, 300), {stack}, {1, 18, 31, 3});
  }
  nn::cpu::set_simd_target(before);
}

TEST(CtInput, WholeStepsMatchThePlainComputationOnEveryInstructionSet) {
  // Each output pixel is the mean of 1, 4 or 16 whole source pixels, of one to five channels; widths leave some pixels
  // beyond the last whole register, and sources pixels that no output pixel shows.
  const std::string before = nn::cpu::simd_target();
  const std::vector<GreyWindow> windows = {{40, 80}, {80, 200}, {40, 380}, {600, 2800}, {30, 8}};
  for (const std::string& target : nn::cpu::simd_targets()) {
    nn::cpu::set_simd_target(target);
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
  nn::cpu::set_simd_target(before);
}

TEST(CtInput, WholeStepsWriteIntoASliceOfChannelsAndNothingElse) {
  const Tensor slices = random_slices({1, 12, 86, 3}, -100, 300);
  for (const int step : {1, 2, 4}) {
    const double start = (step - 1) / 2.0;
    Sample sample{.slope = {1, 1, 1}, .intercept = {0, 0, 0}, .map = {1.0 * step, 0, start, 0, 1.0 * step, start}};
    sample.windows = {{80, 200}};
    const Shape shape{1, 3, 21, 3};
    const test::Framed framed(Tensor::zeros(shape));
    nn::ct_input(slices, parameters({sample}), {}, {}, framed.inside());
    const std::vector<float> inside = framed.inside().to_vector<float>();
    EXPECT_LT(largest_difference({inside.begin(), inside.end()}, run(slices, {sample}, shape, DType::f64)),
              f32_tolerance);
    EXPECT_EQ(framed.harm("y"), "") << step;
  }
}

TEST(CtInput, AnImageOfABatchIsWrittenAndNothingBesideIt) {
  // Pixels side by side are written in whole registers. Upright by whole steps and by others, and turned.
  const std::string before = nn::cpu::simd_target();
  const Tensor slices = random_slices({1, 12, 160, 1}, -100, 300);
  const std::vector<std::vector<double>> maps = {{1, 0, 0, 0, 1, 0},
                                                 {2, 0, 0.5, 0, 2, 0.5},
                                                 {4, 0, 1.5, 0, 4, 1.5},
                                                 {1.7, 0, 0.3, 0, 1.7, 0.2},
                                                 {1, 0.3, 0, -0.3, 1, 4}};
  const std::vector<GreyWindow> windows = {{40, 80}, {80, 200}, {40, 380}, {600, 2800}, {30, 8}};
  for (const std::string& target : nn::cpu::simd_targets()) {
    nn::cpu::set_simd_target(target);
    for (const std::vector<double>& map : maps) {
      for (std::ptrdiff_t channels = 1; channels <= 5; ++channels) {
        SCOPED_TRACE(target + ", " + std::to_string(channels) + " channels, step " + std::to_string(map[0]));
        const Sample sample{.map = map, .windows = {windows.begin(), windows.begin() + channels}};
        const Tensor batch = Tensor::empty({3, 3, 39, channels}, DType::f32);
        const std::int64_t image = batch.elements() / 3;
        std::fill_n(batch.data<float>(), batch.elements(), std::numeric_limits<float>::quiet_NaN());
        nn::ct_input(slices, parameters({sample}), {}, {}, batch.batch_range(1, 2));
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
  nn::cpu::set_simd_target(before);
}

TEST(CtInput, TurnedSlicesWriteIntoASliceOfChannelsAndNothingElse) {
  const std::string before = nn::cpu::simd_target();
  const Tensor slices = random_slices({1, 43, 75, 1}, -100, 300);
  const Sample sample{.map = {2.3, 0.9, -9, -0.8, 2.2, 6.1},
                      .windows = {{40, 80}, {80, 200}, {40, 380}, {600, 2800}, {30, 8}}};
  const Shape shape{1, 18, 19, 5};
  for (const std::string& target : nn::cpu::simd_targets()) {
    nn::cpu::set_simd_target(target);
    const test::Framed framed(Tensor::zeros(shape));
    nn::ct_input(slices, parameters({sample}), {}, {}, framed.inside());
    const std::vector<float> inside = framed.inside().to_vector<float>();
    EXPECT_LT(largest_difference({inside.begin(), inside.end()}, run(slices, {sample}, shape, DType::f64)),
              f32_tolerance)
        << target;
    EXPECT_EQ(framed.harm("y"), "") << target;
  }
  nn::cpu::set_simd_target(before);
}

TEST(CtInput, NoiseIsTheSameForEveryInstructionSetAndType) {
  const std::string before = nn::cpu::simd_target();
  const Tensor slices = random_slices({1, 9, 203, 3}, 0, 128);
  Sample sample{.slope = {1, 1, 1}, .intercept = {0, 0, 0}, .noise = 3, .key_low = 21, .key_high = 8};
  sample.windows = {{64, 128}};
  const std::vector<double> expected = run(slices, {sample}, {1, 9, 203, 3}, DType::f64);
  for (const std::string& target : nn::cpu::simd_targets()) {
    nn::cpu::set_simd_target(target);
    EXPECT_LT(largest_difference(run(slices, {sample}, {1, 9, 203, 3}, DType::f32), expected), f32_tolerance) << target;
    EXPECT_EQ(run(slices, {sample}, {1, 9, 203, 3}, DType::f64), expected) << target;
  }
  nn::cpu::set_simd_target(before);
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

/// What the noise adds to each pixel of a uniform slice, in HU.
std::vector<double> noise_of(std::uint32_t key_low, std::uint32_t key_high, Shape slices, double deviation) {
  const Tensor zeros = Tensor::zeros(slices, DType::i16);
  const auto k = static_cast<std::size_t>(slices.c);
  const Sample sample{.slope = std::vector<double>(k, 1),
                      .intercept = std::vector<double>(k, 0),
                      .noise = deviation,
                      .key_low = key_low,
                      .key_high = key_high,
                      .windows = {{0, 1024}}};
  std::vector<double> noise = run(zeros, {sample}, slices, DType::f64);
  for (double& value : noise) value = (value - 0.5) * 1024;
  return noise;
}

TEST(CtInput, NoiseHasTheDeviationAskedFor) {
  const std::vector<double> noise = noise_of(1, 2, {1, 255, 257, 1}, 5);
  double sum = 0, squares = 0;
  for (const double value : noise) {
    sum += value;
    squares += value * value;
  }
  const auto count = static_cast<double>(noise.size());
  EXPECT_NEAR(sum / count, 0, 5 * 5 / std::sqrt(count));                     // five standard errors
  EXPECT_NEAR(std::sqrt(squares / count), 5, 5 * 5 / std::sqrt(2 * count));  // same
}

TEST(CtInput, NoiseDependsOnItsKeyAlone) {
  const Shape shape{1, 10, 11, 1};
  EXPECT_EQ(noise_of(7, 9, shape, 3), noise_of(7, 9, shape, 3));
  EXPECT_NE(noise_of(7, 9, shape, 3), noise_of(8, 9, shape, 3));
  EXPECT_NE(noise_of(7, 9, shape, 3), noise_of(7, 10, shape, 3));
  EXPECT_NE(noise_of(0xffffffffU, 9, shape, 3), noise_of(0, 9, shape, 3));
}

TEST(CtInput, NoiseOfSlicesAndPixelsIsIndependent) {
  const std::vector<double> noise = noise_of(3, 4, {1, 64, 64, 3}, 10);
  const auto correlation = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t i = 0; i + lag < noise.size(); i += 3) sum += noise[i] * noise[i + lag];
    return sum / (4096 * 100.0);
  };
  for (const std::size_t lag : {1U, 2U, 3U, 6U, 9U, 12U, 192U}) {  // slices, neighbours across, the row below
    EXPECT_LT(std::abs(correlation(lag)), 5 / std::sqrt(4096.0)) << lag;
  }
}

TEST(CtInput, NoiseIsThatOfTheGenerator) {
  const std::vector<double> noise = noise_of(11, 12, {1, 2, 6, 1}, 4);
  const nn::Philox4 bits = nn::philox({{1, 1, 0, 0}}, 11, 12);  // columns 4 and 5 of row 1
  for (int i = 0; i < 2; ++i) {
    const std::uint32_t word = bits.x[i];
    const double sum = (word & 255U) + (word >> 8U & 255U) + (word >> 16U & 255U) + (word >> 24U);
    EXPECT_NEAR(noise[static_cast<std::size_t>(6 + 4 + i)], 4 * (sum - 510) / std::sqrt(21845.0), 1e-5);
  }
}

TEST(CtInput, ThreadsDoNotChangeBits) {
  const Tensor slices = random_slices({1, 200, 190, 1}, -100, 300);
  const Sample sample{.map = {1.4, 0.3, -5, -0.3, 1.4, 9}, .noise = 4, .key_low = 5, .windows = {{40, 80}, {80, 200}}};
  const int before = nn::thread_count();
  nn::set_thread_count(1);
  const std::vector<double> serial = run(slices, {sample}, {1, 128, 128, 2}, DType::f32);
  nn::set_thread_count(5);
  const std::vector<double> parallel = run(slices, {sample}, {1, 128, 128, 2}, DType::f32);
  nn::set_thread_count(before);
  EXPECT_EQ(serial, parallel);
}

TEST(CtInput, WritesIntoASliceOfChannelsAndNothingElse) {
  const Tensor slices = random_slices({1, 12, 10, 1}, -100, 300);
  const Sample sample{.map = {1.1, 0, 0, 0, 1.1, 0}, .windows = {{40, 80}, {80, 200}}};
  const test::Framed framed(Tensor::zeros({1, 6, 7, 2}));
  nn::ct_input(slices, parameters({sample}), {}, {}, framed.inside());
  const std::vector<float> inside = framed.inside().to_vector<float>();
  EXPECT_EQ(std::vector<double>(inside.begin(), inside.end()), run(slices, {sample}, {1, 6, 7, 2}, DType::f32));
  EXPECT_EQ(framed.harm("y"), "");
}

TEST(CtInput, RefusesWhatCannotBe) {
  const Tensor slices = random_slices({1, 4, 4, 1}, 0, 100);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refuses = [&](const Sample& sample, Shape shape) {
    EXPECT_THROW(run(slices, {sample}, shape, DType::f32), nn::Error);
  };
  const Shape shape{1, 4, 4, 1};
  refuses({.slope = {nan}}, shape);
  refuses({.map = {1, 0, nan, 0, 1, 0}}, shape);
  refuses({.map = {1e9, 0, 0, 0, 1, 0}}, shape);
  refuses({.noise = -1}, shape);
  for (const double width : {0.0, -80.0, 1e-40, 9e-7, 1.1e9, 1e39, nan}) refuses({.windows = {{40, width}}}, shape);
  refuses({}, {1, 4, 4, 2});                                                   // two channels from one window
  EXPECT_THROW(run(slices, {Sample{}}, shape, DType::f32, {0.5}), nn::Error);  // a mean alone
  for (const double deviation : {0.0, -1.0, nan}) {
    EXPECT_THROW(run(slices, {Sample{}}, shape, DType::f32, {0.5}, {deviation}), nn::Error) << deviation;
  }
  EXPECT_THROW(run(random_slices({1, 4, 4, 4}, 0, 9), {Sample{}}, {1, 4, 4, 4}, DType::f32), nn::Error);
  EXPECT_THROW(run(random_slices({3, 4, 4, 1}, 0, 9), {{}, {}}, {2, 4, 4, 1}, DType::f32), nn::Error);
}

// Samples can be a pixel apart and a rounding error more: together they touch one pixel more than they otherwise do.
TEST(CtInput, WeightsHoldEverySampleWhereStepsRoundUp) {
  for (const auto& [step, start] : {std::pair{2.0000009, 0.49977062499999647},
                                    {2.0000000000000004, 0.49999999999999994},
                                    {2.0, 0.5},
                                    {-2.0000009, 511.5},
                                    {1.0, 0.0},
                                    {0.3, -0.2}}) {
    const nn::cpu::AxisWeights axis(step, start, 256, 512);
    ASSERT_EQ(axis.weight.size(), 256U * static_cast<std::size_t>(axis.taps));
    for (std::size_t j = 0; j < 256; ++j) {
      float sum = 0;
      for (int t = 0; t < axis.taps; ++t) sum += axis.weight[j * static_cast<std::size_t>(axis.taps) + t];
      EXPECT_NEAR(sum, 1, 1e-6) << "pixel " << j << ", step " << step;
    }
  }
  EXPECT_EQ(nn::cpu::AxisWeights(1, 0, 256, 256).taps, 1);
}

}  // namespace
