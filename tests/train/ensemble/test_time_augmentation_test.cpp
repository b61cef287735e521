#include "train/ensemble/test_time_augmentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "tests/support/error_of.h"

namespace {

using train::TestTimeAugmentation;

TEST(TestTimeAugmentation, ViewsBeginWithTheImageAsItIs) {
  EXPECT_EQ(train::views(TestTimeAugmentation::none).size(), 1U);
  EXPECT_EQ(train::views(TestTimeAugmentation::flip).size(), 2U);
  EXPECT_EQ(train::views(TestTimeAugmentation::flip_shift).size(), 6U);
  for (const auto kind : {TestTimeAugmentation::none, TestTimeAugmentation::flip, TestTimeAugmentation::flip_shift}) {
    const auto views = train::views(kind);
    EXPECT_FALSE(views[0].flip);
    EXPECT_EQ(views[0].shift_x, 0);
    std::set<std::tuple<bool, double, double>> distinct;
    for (const train::Augmentation& view : views) {
      distinct.emplace(view.flip, view.shift_x, view.shift_y);
      EXPECT_EQ(view.scale, 1);
      EXPECT_EQ(view.rotation, 0);
      EXPECT_EQ(view.noise, 0);
      EXPECT_FALSE(view.reverse_slices);
    }
    EXPECT_EQ(distinct.size(), views.size());
    EXPECT_EQ(train::test_time_augmentation(train::name(kind)), kind);
  }
  EXPECT_TRUE(train::views(TestTimeAugmentation::flip)[1].flip);
}

TEST(TestTimeAugmentation, RefusesUnknownNames) {
  EXPECT_THAT(test::error_of([] { train::test_time_augmentation("rotate"); }),
              testing::HasSubstr("'rotate' is not known, expected none, flip or flip-shift"));
}

}  // namespace
