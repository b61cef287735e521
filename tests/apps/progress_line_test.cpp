// What the progress bar shows where the terminal is narrow.
#include "apps/progress_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

const apps::ProgressLine training = {.what = "epoch 10/10",
                                     .share = 0.5,
                                     .counts = "1234/5000",
                                     .unit = "images",
                                     .rate = "123/s",
                                     .left = "10:00 left",
                                     .note = "loss 0.1234"};

TEST(ProgressLine, AWideTerminalShowsEverything) {
  EXPECT_EQ(apps::fit(training, 200),
            "epoch 10/10  [############............]  1234/5000 images  123/s  10:00 left  loss 0.1234");
}

TEST(ProgressLine, At80ColumnsOnlyTheBarIsShorter) {
  EXPECT_EQ(apps::fit(training, 79), "epoch 10/10  [#######.......]  1234/5000 images  123/s  10:00 left  loss 0.1234");
}

TEST(ProgressLine, TheRateGoesBeforeTheBarAndTheLossStays) {
  const std::string line = apps::fit(training, 72);
  EXPECT_THAT(line, HasSubstr("[#"));
  EXPECT_THAT(line, Not(HasSubstr("123/s")));
  EXPECT_THAT(line, HasSubstr("10:00 left"));
  for (std::size_t width = 24; width < 100; ++width) {
    EXPECT_THAT(apps::fit(training, width), EndsWith("loss 0.1234")) << width;
  }
}

TEST(ProgressLine, NoLineIsLongerThanTheTerminal) {
  for (std::size_t width = 0; width < 100; ++width) EXPECT_LE(apps::fit(training, width).size(), width);
}

TEST(ProgressLine, AFileGetsAllButTheBar) {
  EXPECT_EQ(apps::without_bar(training), "epoch 10/10  1234/5000 images  123/s  10:00 left  loss 0.1234");
  const apps::ProgressLine first = {
      .what = "synth", .share = 0, .counts = "0/2", .unit = "images", .rate = {}, .left = {}, .note = {}};
  EXPECT_EQ(apps::without_bar(first), "synth  0/2 images");
}

}  // namespace
