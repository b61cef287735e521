#include "nn/core/bfloat16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace {

float rounded(float value) { return static_cast<float>(nn::bfloat16(value)); }

TEST(Bfloat16, KeepsWhatItCanHold) {
  for (const float value : {0.0F, 1.0F, -2.5F, 3.389531e38F, 1.0F + 1.0F / 128}) {
    EXPECT_FLOAT_EQ(rounded(value), value);
  }
  EXPECT_EQ(std::signbit(rounded(-0.0F)), true);
}

// The step above 1 is 1/128.
TEST(Bfloat16, RoundsToNearestTiesToEven) {
  EXPECT_EQ(rounded(1.0F + 0.4F / 128), 1.0F);
  EXPECT_EQ(rounded(1.0F + 0.6F / 128), 1.0F + 1.0F / 128);
  EXPECT_EQ(rounded(1.0F + 0.5F / 128), 1.0F);               // tie: 1 is even
  EXPECT_EQ(rounded(1.0F + 1.5F / 128), 1.0F + 2.0F / 128);  // tie: 2/128 is even
  EXPECT_EQ(rounded(-1.0F - 1.5F / 128), -1.0F - 2.0F / 128);
}

TEST(Bfloat16, OverflowsToInfinity) {
  EXPECT_EQ(rounded(std::numeric_limits<float>::max()), std::numeric_limits<float>::infinity());
  EXPECT_EQ(rounded(-std::numeric_limits<float>::infinity()), -std::numeric_limits<float>::infinity());
}

TEST(Bfloat16, KeepsNan) {
  EXPECT_TRUE(std::isnan(rounded(std::numeric_limits<float>::quiet_NaN())));
  // A NaN whose only payload bits are in the half that is cut off must not become infinity.
  EXPECT_TRUE(std::isnan(rounded(std::bit_cast<float>(0x7f800001U))));
}

}  // namespace
