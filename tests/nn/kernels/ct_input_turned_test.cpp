// Maps with a turn, which sample point by point.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nn/core/parallel.h"
#include "nn/cpu/target/simd_target.h"
#include "tests/nn/kernels/ct_input_reference.h"
#include "tests/support/canary.h"

namespace nn::test::ct {
namespace {

TEST(CtInputTurned, WindowsOfOneSliceMatchThePlainComputation) {
  const Sample sample{.slope = {1.5},
                      .intercept = {-1000},
                      .map = {1.7, 0.4, -1.3, -0.35, 1.2, 2.1},
                      .windows = {{40, 80}, {80, 200}, {600, 2800}}};
  expect_plain_computation(random_slices({1, 13, 17, 1}, -500, 2500), {sample}, {1, 7, 11, 3});
}

TEST(CtInputTurned, ThreeSlicesWithTheirOwnSlopesMatchThePlainComputation) {
  const Sample sample{
      .slope = {1, 0.5, 2}, .intercept = {-10, 20, 5}, .map = {0.6, 0.1, 0.7, -0.2, 0.8, 0.4}, .windows = {{80, 200}}};
  expect_plain_computation(random_slices({1, 9, 7, 3}, -100, 300), {sample}, {1, 12, 10, 3});
}

TEST(CtInputTurned, QuarterTurnIsExact) {
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

TEST(CtInputTurned, WritesIntoASliceOfChannelsAndNothingElse) {
  const std::string before = cpu::simd_target();
  const Tensor slices = random_slices({1, 43, 75, 1}, -100, 300);
  const Sample sample{.map = {2.3, 0.9, -9, -0.8, 2.2, 6.1},
                      .windows = {{40, 80}, {80, 200}, {40, 380}, {600, 2800}, {30, 8}}};
  const Shape shape{1, 18, 19, 5};
  for (const std::string& target : cpu::simd_targets()) {
    cpu::set_simd_target(target);
    const ::test::Framed framed(Tensor::zeros(shape));
    ct_input(slices, parameters({sample}), {}, {}, framed.inside());
    const std::vector<float> inside = framed.inside().to_vector<float>();
    EXPECT_LT(largest_difference({inside.begin(), inside.end()}, run(slices, {sample}, shape, DType::f64)),
              f32_tolerance)
        << target;
    EXPECT_EQ(framed.harm("y"), "") << target;
  }
  cpu::set_simd_target(before);
}

TEST(CtInputTurned, ThreadsDoNotChangeBits) {
  const Tensor slices = random_slices({1, 200, 190, 1}, -100, 300);
  const Sample sample{.map = {1.4, 0.3, -5, -0.3, 1.4, 9}, .noise = 4, .key_low = 5, .windows = {{40, 80}, {80, 200}}};
  const int before = thread_count();
  set_thread_count(1);
  const std::vector<double> serial = run(slices, {sample}, {1, 128, 128, 2}, DType::f32);
  set_thread_count(5);
  const std::vector<double> parallel = run(slices, {sample}, {1, 128, 128, 2}, DType::f32);
  set_thread_count(before);
  EXPECT_EQ(serial, parallel);
}

}  // namespace
}  // namespace nn::test::ct
