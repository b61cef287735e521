#include "train/schedule.h"

#include <gtest/gtest.h>

#include "nn/core/error.h"

namespace {

using train::learning_rate_at;
using train::ScheduleOptions;

constexpr ScheduleOptions options{.learning_rate = 2, .warmup_share = 0.1, .max_warmup = 500, .final_share = 0.01};

TEST(Schedule, WarmsUpInEqualSteps) {
  for (int step = 0; step < 10; ++step) EXPECT_DOUBLE_EQ(learning_rate_at(options, step, 100), 0.2 * (step + 1));
}

TEST(Schedule, FallsAsACosineToItsFinalShare) {
  EXPECT_DOUBLE_EQ(learning_rate_at(options, 10, 111), 2);
  EXPECT_NEAR(learning_rate_at(options, 11 + 49, 111), 2 * (0.01 + 0.99 * 0.5), 0.04);
  EXPECT_NEAR(learning_rate_at(options, 110, 111), 0.02, 1e-12);
  for (int step = 11; step < 110; ++step) {
    EXPECT_GT(learning_rate_at(options, step, 111), learning_rate_at(options, step + 1, 111)) << step;
  }
}

TEST(Schedule, WarmUpIsNeverLongerThanItsMaximum) {
  EXPECT_LT(learning_rate_at(options, 498, 1000000), 2);
  EXPECT_DOUBLE_EQ(learning_rate_at(options, 499, 1000000), 2);
}

TEST(Schedule, WithMoreEpochsGoesOnWhereALongerRunWouldBe) {
  // A run of 100 steps that is resumed for 200: what follows depends on the new total alone.
  EXPECT_GT(learning_rate_at(options, 100, 200), learning_rate_at(options, 99, 100));
  EXPECT_NEAR(learning_rate_at(options, 199, 200), learning_rate_at(options, 99, 100), 1e-12);
}

TEST(Schedule, OneStepHasTheFullRate) {
  EXPECT_DOUBLE_EQ(learning_rate_at(options, 0, 1), 2);
  EXPECT_THROW(learning_rate_at(options, 1, 1), nn::Error);
}

}  // namespace
