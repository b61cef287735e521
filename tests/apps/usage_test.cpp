// The program itself: what a newcomer sees who misspells an option or asks for --help.
#include <gmock/gmock.h>

#include "apps/wrong_usage.h"
#include "tests/apps/program_test.h"

namespace {

using test::expect_one_line;
using test::ProgramResult;
using test::run_falx;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> commands = {"synth",   "train",    "predict", "ensemble", "evaluate",
                                           "convert", "classify", "info",    "bench"};

TEST(FalxUsage, AMisspelledOptionIsNamedWithTheNearest) {
  expect_one_line(run_falx("train --imges txt --labels l.csv --out r"), 2,
                  "--imges is no option; did you mean --images? (see falx train --help)");
  expect_one_line(run_falx("predict --modell RUN --input d --out o"), 2,
                  "--modell is no option; did you mean --model?");
  expect_one_line(run_falx("predict --mdoel=RUN"), 2, "--mdoel is no option; did you mean --model?");
  expect_one_line(run_falx("train --no-agument"), 2, "--no-agument is no option; did you mean --no-augment?");
  expect_one_line(run_falx("train -epochs 3"), 2, "did you mean --epochs?");
  expect_one_line(run_falx("info --jsn cnn"), 2, "--jsn is no option; did you mean --json?");
  EXPECT_EQ(run_falx("--verson").error, "falx: --verson is no option; did you mean --version? (see falx --help)\n");
}

TEST(FalxUsage, WithoutANearOneThereIsNoHint) {
  expect_one_line(run_falx("train --frobnicate 3"), 2, "falx train: --frobnicate is no option (see falx train --help)");
  expect_one_line(run_falx("train --images d e --out r"), 2, "'e' was not expected");
  expect_one_line(run_falx("train"), 2, "--out is required");
}

TEST(FalxUsage, AMisspelledCommandIsNamedWithTheNearest) {
  EXPECT_EQ(run_falx("tran --out r").error,
            "falx: there is no command 'tran'; did you mean train? (see falx --help)\n");
}

TEST(FalxUsage, TheNearestNameHasFewestChanges) {
  EXPECT_EQ(apps::nearest_name("labls", {"images", "labels", "label"}), "labels");
  EXPECT_EQ(apps::nearest_name("imgaes", {"image", "images"}), "images") << "exchanged letters are one change";
  EXPECT_EQ(apps::nearest_name("batch", {"size", "epochs"}), "");
  EXPECT_EQ(apps::nearest_name("", {"size"}), "");
}

TEST(FalxUsage, HelpFitsIn80Columns) {
  for (const std::string& command : commands) {
    for (const std::string& line : run_falx(command + " --help").lines()) {
      if (line.rfind("  falx ", 0) == 0) continue;  // an example, to be copied whole
      EXPECT_LE(line.size(), 80U) << command << ": " << line;
    }
  }
}

TEST(FalxUsage, ChoicesStandInBraces) {
  const std::string train = run_falx("train --help").out;
  for (const char* option : {"--missing-labels {error,mask}=error", "--optimizer {adamw,adam,sgd}=adamw",
                             "--input {windows,slices}=windows", "--batch-norm {train,frozen}=train"}) {
    EXPECT_THAT(train, HasSubstr(option));
  }
  EXPECT_THAT(run_falx("predict --help").out, HasSubstr("--tta {none,flip,flip-shift}\n"));
}

TEST(FalxUsage, TuningIsOfferedWhereItIsAccepted) {
  for (const std::string command : {"train", "bench"}) {
    EXPECT_THAT(run_falx(command + " --help").out, HasSubstr("direct,tune,FILE}")) << command;
  }
  for (const std::string command : {"predict", "info", "classify"}) {
    const std::string help = run_falx(command + " --help").out;
    EXPECT_THAT(help, HasSubstr("--conv {auto,winograd,winograd-2x2,direct,FILE}")) << command;
    EXPECT_THAT(help, Not(HasSubstr("tune:"))) << command;
  }
}

TEST(Quickstart, RefusesWhatIsNoDirectory) {
  for (const std::string arguments : {"--patients", "-v", "a b"}) {
    const test::TemporaryDirectory directory;
    const std::string error = (directory / "error").string();
    const int status = std::system(("apps/quickstart.sh " + arguments + " >/dev/null 2>" + error).c_str());
    EXPECT_EQ(WEXITSTATUS(status), 2) << arguments;
    EXPECT_THAT(io::read_file(error), HasSubstr("apps/quickstart.sh [DIR]"));
  }
}

}  // namespace
