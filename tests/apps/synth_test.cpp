// The program itself: falx synth.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/apps/run_falx.h"
#include "tests/apps/running_falx.h"
#include "tests/support/temporary_directory.h"

namespace {

namespace fs = std::filesystem;

using nlohmann::json;
using test::ProgramResult;
using test::run_falx;
using testing::HasSubstr;

const std::string tiny = " --patients 2 --test-patients 1 --slices 2 --size 32 --quiet ";

TEST(FalxSynth, WritesASetAndSaysWhatIsInIt) {
  const test::TemporaryDirectory folder;
  const std::string set = (folder / "set").string();
  const ProgramResult result = run_falx("synth --json --out " + set + tiny);
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_EQ(result.error, "");
  const json summary = json::parse(result.out);
  EXPECT_EQ(summary["patients"], 3);
  EXPECT_EQ(summary["train"]["patients"], 2);
  EXPECT_EQ(summary["test"]["patients"], 1);
  EXPECT_EQ(summary["images"].get<int>(), 2 * summary["studies"].get<int>());
  EXPECT_EQ(summary["positives"].size(), 6U);
  for (const char* entry : {"stage_2_train", "stage_2_train.csv", "stage_2_test", "stage_2_test_labels.csv", "truth"}) {
    EXPECT_TRUE(fs::exists(fs::path(set) / entry)) << entry;
  }
}

TEST(FalxSynth, ANameThatIsNoUtf8IsReplacedInJson) {
  const test::TemporaryDirectory folder;
  const std::string set = (folder / "caf\xe9").string();
  const ProgramResult result = run_falx("synth --json --out " + set + tiny);
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_TRUE(fs::exists(set + "/stage_2_train.csv"));
  EXPECT_EQ(json::parse(result.out)["out"], (folder / "caf\xef\xbf\xbd").string());
}

TEST(FalxSynth, NamesBothPartsApart) {
  const test::TemporaryDirectory folder;
  const ProgramResult result = run_falx("synth --out " + (folder / "set").string() + tiny);
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.out, testing::ContainsRegex(": for training 2 patients, [0-9]+ studies, [0-9]+ images; "
                                                 "for testing 1 patient, [0-9]+ stud(y|ies), [0-9]+ images"));
}

TEST(FalxSynth, WrongUsageIsOneLineAndExitCode2) {
  const test::TemporaryDirectory folder;
  const std::string set = (folder / "set").string();
  for (const std::string wrong :
       {"--size 0", "--size 1000000000", "--patients 0", "--patients 1000000000", "--slices 0", "--test-patients -1",
        "--defects -1", "--prevalence rare", "--patients many", "--colour"}) {
    const ProgramResult result = run_falx("synth --out " + set + " " + wrong);
    EXPECT_EQ(result.exit_code, 2) << wrong;
    EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
    EXPECT_FALSE(fs::exists(set)) << wrong;
  }
}

TEST(FalxSynth, ReplacesASetOnlyWithOverwrite) {
  const test::TemporaryDirectory folder;
  const std::string command = "synth --out " + (folder / "set").string() + tiny;
  EXPECT_EQ(run_falx(command).exit_code, 0);
  const ProgramResult again = run_falx(command);
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.error, HasSubstr("is not empty"));
  EXPECT_EQ(run_falx(command + "--overwrite").exit_code, 0);
}

TEST(FalxSynth, CtrlCLeavesNothingHalfWritten) {
  const test::TemporaryDirectory folder;
  const fs::path set = folder / "set";
  test::RunningFalx falx(
      {"synth", "--out", set.string(), "--patients", "500", "--slices", "24", "--size", "64", "--quiet"});
  ASSERT_TRUE(falx.wait_for_file(set / "unfinished" / "stage_2_train"));
  falx.signal(SIGINT);
  const ProgramResult result = falx.wait();
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_EQ(result.error, "falx synth: stopped; nothing was written\n");
  EXPECT_TRUE(fs::is_empty(set));
}

TEST(FalxSynth, AFullDiskIsOneLineAndLeavesNothing) {
  const test::TemporaryDirectory folder;
  const fs::path set = folder / "set";
  test::RunningFalx falx({"synth", "--out", set.string(), "--patients", "1", "--test-patients", "0", "--slices", "2",
                          "--size", "64", "--quiet"},
                         4096);  // no file may be larger
  const ProgramResult result = falx.wait();
  EXPECT_EQ(result.exit_code, 1) << result.error;
  EXPECT_THAT(result.error, HasSubstr("cannot write"));
  EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
  EXPECT_TRUE(fs::is_empty(set));
}

}  // namespace
