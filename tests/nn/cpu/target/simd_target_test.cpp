#include "nn/cpu/target/simd_target.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "nn/core/error.h"

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

}  // namespace
