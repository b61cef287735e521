#include "nn/cpu/target/simd_target.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cstdlib>

#include "nn/core/error.h"
#include "tests/support/environment.h"

namespace {

TEST(SimdTarget, BaselineIsAlwaysThereAndLast) { EXPECT_EQ(nn::cpu::simd_targets().back(), "baseline"); }

TEST(SimdTarget, IsTheBestUnlessTheEnvironmentNamesAnother) {
  const char* wanted = std::getenv("FALX_CPU");
  EXPECT_EQ(nn::cpu::simd_target(), wanted != nullptr ? wanted : nn::cpu::simd_targets().front());
}

TEST(SimdTarget, CanBeForced) {
  const std::string kept = nn::cpu::simd_target();
  for (const std::string& name : nn::cpu::simd_targets()) {
    nn::cpu::set_simd_target(name);
    EXPECT_EQ(nn::cpu::simd_target(), name);
    EXPECT_EQ(nn::cpu::simd_target_is_baseline(), name == "baseline");
  }
  nn::cpu::set_simd_target(kept);
}

TEST(SimdTarget, RefusesWhatTheCpuCannotRun) {
  const std::string kept = nn::cpu::simd_target();
  EXPECT_THROW(nn::cpu::set_simd_target("mmx"), nn::Error);
  EXPECT_EQ(nn::cpu::simd_target(), kept);
}

/// In a process of its own, which begins anew and asks for nothing before this.
class SimdTargetDeathTest : public testing::Test {
 protected:
  SimdTargetDeathTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(SimdTargetDeathTest, IsWhatHighwayTakesFromTheFirstKernelOn) {
  const auto taken_at_start = [](const std::string& name) {
    const std::size_t at_start = hwy::GetChosenTarget().GetIndex();
    nn::cpu::set_simd_target(name);
    return at_start == hwy::GetChosenTarget().GetIndex();
  };
  for (const std::string& name : nn::cpu::simd_targets()) {
    const test::Environment environment("FALX_CPU", name.c_str());
    EXPECT_EXIT(std::exit(taken_at_start(name) ? 0 : 1), testing::ExitedWithCode(0), "") << name;
  }
}

TEST_F(SimdTargetDeathTest, AWrongNameEndsTestsBeforeTheFirst) {
  const test::Environment environment("FALX_CPU", "mmx");
  EXPECT_EXIT(std::exit(0), testing::ExitedWithCode(2), "FALX_CPU is one of .*, not 'mmx'");
}

}  // namespace
