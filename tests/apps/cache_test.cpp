// --cache and --cache-size: decoded slices that training and prediction keep on disk.
#include <filesystem>

#include "tests/apps/program_test.h"

namespace {

namespace fs = std::filesystem;
using test::ProgramResult;
using testing::HasSubstr;

class FalxCache : public test::TinyTraining {
 protected:
  std::size_t entries(const std::string& name) const {
    std::size_t count = 0;
    if (!fs::exists(path(name))) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(path(name))) count += entry.is_regular_file();
    return count;
  }
};

TEST_F(FalxCache, ChangesNoByteOfARun) {
  for (const std::string run : {"without", "cold", "warm"}) {
    const std::string cache = run == "without" ? "none" : path("cache");
    const ProgramResult result = train(run, {"--cache", cache, "--quiet", "--epochs", "2"});
    ASSERT_EQ(result.exit_code, 0) << result.error;
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(bytes(run + "/model.safetensors"), bytes("without/model.safetensors")) << run;
    EXPECT_EQ(bytes(run + "/predictions.csv"), bytes("without/predictions.csv")) << run;
    EXPECT_EQ(bytes(run + "/config.json"), bytes("without/config.json")) << run;
  }
  EXPECT_GT(entries("cache"), 0U);

  for (const std::string& cache : {std::string("none"), path("cache")}) {
    const std::string out = cache == "none" ? "plain" : "cached";
    const ProgramResult result = test::RunningFalx({"predict", "--model", path("without"), "--input", path("images"),
                                                    "--out", path(out), "--cache", cache, "--quiet"})
                                     .wait();
    EXPECT_EQ(result.exit_code, 0) << result.error;
  }
  EXPECT_EQ(bytes("cached/predictions.csv"), bytes("plain/predictions.csv"));
}

TEST_F(FalxCache, LiesInTheUsersCacheUnlessToldOtherwise) {
  const fs::path usual = fs::path(::getenv("XDG_CACHE_HOME")) / "falx" / "slices";
  fs::remove_all(usual);
  EXPECT_EQ(train("run", {"--quiet", "--cache", "none"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(usual));
  EXPECT_EQ(train("another", {"--quiet"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(usual));
}

TEST_F(FalxCache, OneThatCannotBeWrittenIsOneLineAndNoMore) {
  const ProgramResult result = train("run", {"--quiet", "--cache", path("labels.csv")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.error, HasSubstr("falx train: warning: "));
  EXPECT_THAT(result.error, HasSubstr("decoded slices cannot be kept there"));
  EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
}

TEST_F(FalxCache, ItsSizeIsANumberAboveZero) {
  EXPECT_EQ(train("run", {"--cache-size", "0"}).exit_code, 2);
  EXPECT_EQ(train("run", {"--cache-size", "much"}).exit_code, 2);
}

TEST_F(FalxCache, ItsSizeIsBounded) {
  for (const std::string size : {"1e-10", "1e30", "inf", "nan"}) {
    test::expect_one_line(train("run", {"--cache-size", size}), 2,
                          "expected a number from 0.001 to 1000000, got " + size);
  }
}

}  // namespace
