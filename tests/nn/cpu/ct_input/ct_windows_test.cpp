#include "nn/cpu/ct_input/ct_windows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "nn/cpu/target/simd_target.h"

namespace nn::cpu {
namespace {

class CtWindows : public testing::TestWithParam<std::string> {
 protected:
  CtWindows() { set_simd_target(GetParam()); }
  ~CtWindows() override { set_simd_target(kept_); }

 private:
  std::string kept_ = simd_target();
};

// Samples of turned pictures read whole pixels: memory that nobody wrote may hold a NaN, which slows them or shows.
TEST_P(CtWindows, LanesThatAreNotWantedRepeatTheLastAndNothingElseIsWritten) {
  for (const std::int64_t count : {1, 16, 37}) {  // whole registers, a block of the plain loops, what is left
    std::array<std::vector<float>, 2> hu;
    for (std::size_t t = 0; t < hu.size(); ++t) {
      for (std::int64_t x = 0; x < count; ++x)
        hu[t].push_back(static_cast<float>((17 * x + 40 * static_cast<int>(t)) % 160 - 30));
    }
    std::array<std::array<const float*, lanes>, 2> pointers{};
    for (std::size_t t = 0; t < hu.size(); ++t) pointers[t].fill(hu[t].data());
    const std::array<float, 2> weight = {0.25F, 0.75F};
    for (int wanted = 1; wanted <= lanes; ++wanted) {
      WindowedRows rows{.taps = 2,
                        .hu = pointers.data(),
                        .weight = weight.data(),
                        .window = {},
                        .start = {1, 2, 3, 4},
                        .lanes = wanted,
                        .count = count};
      for (int l = 0; l < lanes; ++l) rows.window[l] = RowWindow::of(40, 20.0 * (l + 1));
      const float nan = std::numeric_limits<float>::quiet_NaN();
      std::vector<float> to(static_cast<std::size_t>(lanes * count + 8), nan);
      add_windowed_rows(rows, to.data());
      for (std::int64_t x = 0; x < count; ++x) {
        for (int l = 0; l < lanes; ++l) {
          const int shown = std::min(l, wanted - 1);
          const auto i = static_cast<std::size_t>(x);
          const float expected =
              rows.start[shown] + weight[0] * rows.window[shown](hu[0][i]) + weight[1] * rows.window[shown](hu[1][i]);
          // Exact: weights and values are quarters.
          ASSERT_EQ(to[static_cast<std::size_t>(lanes * x + l)], expected)
              << wanted << " lanes, pixel " << x << ", " << l;
        }
      }
      for (std::size_t i = 0; i < 8; ++i) ASSERT_TRUE(std::isnan(to[static_cast<std::size_t>(lanes * count) + i]));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, CtWindows, testing::ValuesIn(simd_targets()),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace nn::cpu
