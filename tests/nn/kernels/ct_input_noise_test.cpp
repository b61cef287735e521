// The noise that augmentation adds in HU.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "nn/core/philox.h"
#include "nn/cpu/target/simd_target.h"
#include "tests/nn/kernels/ct_input_reference.h"

namespace nn::test::ct {
namespace {

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

TEST(CtInputNoise, NoiseIsTheSameForEveryInstructionSetAndType) {
  const std::string before = cpu::simd_target();
  const Tensor slices = random_slices({1, 9, 203, 3}, 0, 128);
  Sample sample{.slope = {1, 1, 1}, .intercept = {0, 0, 0}, .noise = 3, .key_low = 21, .key_high = 8};
  sample.windows = {{64, 128}};
  const std::vector<double> expected = run(slices, {sample}, {1, 9, 203, 3}, DType::f64);
  for (const std::string& target : cpu::simd_targets()) {
    cpu::set_simd_target(target);
    EXPECT_LT(largest_difference(run(slices, {sample}, {1, 9, 203, 3}, DType::f32), expected), f32_tolerance) << target;
    EXPECT_EQ(run(slices, {sample}, {1, 9, 203, 3}, DType::f64), expected) << target;
  }
  cpu::set_simd_target(before);
}

TEST(CtInputNoise, NoiseHasTheDeviationAskedFor) {
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

TEST(CtInputNoise, NoiseDependsOnItsKeyAlone) {
  const Shape shape{1, 10, 11, 1};
  EXPECT_EQ(noise_of(7, 9, shape, 3), noise_of(7, 9, shape, 3));
  EXPECT_NE(noise_of(7, 9, shape, 3), noise_of(8, 9, shape, 3));
  EXPECT_NE(noise_of(7, 9, shape, 3), noise_of(7, 10, shape, 3));
  EXPECT_NE(noise_of(0xffffffffU, 9, shape, 3), noise_of(0, 9, shape, 3));
}

TEST(CtInputNoise, NoiseOfSlicesAndPixelsIsIndependent) {
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

TEST(CtInputNoise, NoiseIsThatOfTheGenerator) {
  const std::vector<double> noise = noise_of(11, 12, {1, 2, 6, 1}, 4);
  const Philox4 bits = philox({{1, 1, 0, 0}}, 11, 12);  // columns 4 and 5 of row 1
  for (int i = 0; i < 2; ++i) {
    const std::uint32_t word = bits.x[i];
    const double sum = (word & 255U) + (word >> 8U & 255U) + (word >> 16U & 255U) + (word >> 24U);
    EXPECT_NEAR(noise[static_cast<std::size_t>(6 + 4 + i)], 4 * (sum - 510) / std::sqrt(21845.0), 1e-5);
  }
}

}  // namespace
}  // namespace nn::test::ct
