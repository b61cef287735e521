#include "nn/cpu/choice/conv_tuning.h"

#include <gtest/gtest.h>

#include <map>

namespace nn::cpu {
namespace {

using enum ConvAlgorithm;

const ConvKey key = conv_key(ConvPass::forward, {8, 12, 12, 16}, {24, 3, 3, 16}, {.padding = pad(1)});

/// Times that are given instead of measured, in turn; the last one stays.
class FakeClock {
 public:
  explicit FakeClock(std::map<ConvAlgorithm, std::vector<double>> times) : times_(std::move(times)) {}
  double operator()(ConvAlgorithm algorithm) {
    order_.push_back(algorithm);
    const std::vector<double>& times = times_.at(algorithm);
    return times[std::min(static_cast<std::size_t>(calls(algorithm)) - 1, times.size() - 1)];
  }
  std::ptrdiff_t calls(ConvAlgorithm algorithm) const { return std::count(order_.begin(), order_.end(), algorithm); }
  const std::vector<ConvAlgorithm>& order() const { return order_; }

 private:
  std::map<ConvAlgorithm, std::vector<double>> times_;
  std::vector<ConvAlgorithm> order_;
};

ConvAlgorithm decided(FakeClock clock) { return decide(key, clock).algorithm; }

TEST(ConvTuning, TakesTheFastest) {
  EXPECT_EQ(decided(FakeClock({{direct, {1}}, {f2x2_3x3, {2}}, {f4x4_3x3, {3}}})), direct);
  EXPECT_EQ(decided(FakeClock({{direct, {3}}, {f2x2_3x3, {1}}, {f4x4_3x3, {2}}})), f2x2_3x3);
  EXPECT_EQ(decided(FakeClock({{direct, {3}}, {f2x2_3x3, {2}}, {f4x4_3x3, {1}}})), f4x4_3x3);
}

TEST(ConvTuning, KeepsTheRulesChoiceUnlessAnotherIsClearlyFaster) {
  ASSERT_EQ(usual_conv_algorithm(key.pass, key.x, key.w, key.geometry, DType::f32), f4x4_3x3);
  EXPECT_EQ(decided(FakeClock({{direct, {0.96}}, {f2x2_3x3, {0.97}}, {f4x4_3x3, {1}}})), f4x4_3x3);
  EXPECT_EQ(decided(FakeClock({{direct, {0.94}}, {f2x2_3x3, {0.97}}, {f4x4_3x3, {1}}})), direct);
  EXPECT_EQ(decided(FakeClock({{direct, {2}}, {f2x2_3x3, {0.94}}, {f4x4_3x3, {1}}})), f2x2_3x3);
}

TEST(ConvTuning, TakesTheMoreAccurateOfTwoThatBeatTheRulesAlike) {
  EXPECT_EQ(decided(FakeClock({{direct, {0.52}}, {f2x2_3x3, {0.5}}, {f4x4_3x3, {1}}})), direct);
  EXPECT_EQ(decided(FakeClock({{direct, {0.54}}, {f2x2_3x3, {0.5}}, {f4x4_3x3, {1}}})), f2x2_3x3);
}

TEST(ConvTuning, ADisturbedTryDecidesNothing) {
  EXPECT_EQ(decided(FakeClock({{direct, {3}}, {f2x2_3x3, {4}}, {f4x4_3x3, {94.6, 1.17}}})), f4x4_3x3);
  EXPECT_EQ(decided(FakeClock({{direct, {3}}, {f2x2_3x3, {4}}, {f4x4_3x3, {94.6, 120, 1.17}}})), f4x4_3x3);
}

TEST(ConvTuning, TriesThemInTurnAndCountsTheFastestTime) {
  FakeClock clock({{direct, {9, 2, 5}}, {f2x2_3x3, {4}}, {f4x4_3x3, {3}}});
  const ConvDecision decision = decide(key, std::ref(clock));
  EXPECT_EQ(decision.algorithm, direct) << "its first run waited for memory";
  ASSERT_EQ(decision.times.size(), 3U);
  EXPECT_EQ(decision.times[0].milliseconds, 2);
  EXPECT_EQ(decision.times[1].milliseconds, 4);
  EXPECT_GE(clock.calls(direct), 2);
  for (std::size_t i = 0; i < clock.order().size(); ++i) EXPECT_EQ(clock.order()[i], clock.order()[i % 3]);
}

TEST(ConvTuning, IsSoonDoneWithWhatTakesLong) {
  FakeClock clock({{direct, {1000}}, {f2x2_3x3, {400}}, {f4x4_3x3, {300}}});
  EXPECT_EQ(decide(key, std::ref(clock)).algorithm, f4x4_3x3);
  EXPECT_EQ(clock.order().size(), 9U) << "three rounds";
}

TEST(ConvTuning, TriesNoFurtherWhatIsHopeless) {
  FakeClock clock({{direct, {25}}, {f2x2_3x3, {2}}, {f4x4_3x3, {1}}});
  EXPECT_EQ(decide(key, std::ref(clock)).algorithm, f4x4_3x3);
  EXPECT_EQ(clock.calls(direct), 3);
  EXPECT_GT(clock.calls(f2x2_3x3), 10);
}

TEST(ConvTuning, TimesEveryPassByEveryAlgorithmAndLeavesTheSettingAlone) {
  const std::string kept = conv_choice();
  for (const ConvPass pass : {ConvPass::forward, ConvPass::backward_data, ConvPass::backward_weights}) {
    const ConvDecision decision =
        decide({pass, key.x, key.w, key.geometry}, time_kernel({pass, key.x, key.w, key.geometry}, 2));
    ASSERT_EQ(decision.times.size(), 3U);
    for (const ConvDecision::Time& time : decision.times) {
      EXPECT_GT(time.milliseconds, 0);
      EXPECT_LT(time.milliseconds, 1e4);
    }
  }
  EXPECT_EQ(conv_choice(), kept);
  EXPECT_EQ(conv_table(), nullptr);
}

}  // namespace
}  // namespace nn::cpu
