// The program itself: environment variables that choose among the CPU's kernels are checked before anything is done.
#include "tests/support/environment.h"

#include <filesystem>

#include "tests/apps/program_test.h"

namespace {

using test::Environment;
using test::expect_one_line;
using test::run_falx;

class FalxEnvironment : public test::ProgramTest {};

TEST_F(FalxEnvironment, AWrongFalxCpuIsWrongUsageOfEveryCommand) {
  const Environment environment("FALX_CPU", "mmx");
  const std::string out = " --out " + path("out");
  for (const std::string& command :
       {std::string("info"), std::string("bench"), "synth" + out, "train --images tests --labels none.csv" + out}) {
    expect_one_line(run_falx(command), 2, "FALX_CPU is one of ");
  }
  EXPECT_FALSE(std::filesystem::exists(path("out")));
}

TEST_F(FalxEnvironment, AWrongFalxConvIsWrongUsageEvenOfWhatComputesNoConvolution) {
  const Environment environment("FALX_CONV", "fft");
  expect_one_line(run_falx("synth --out " + path("out")), 2, "FALX_CONV is one of auto, winograd");
}

TEST_F(FalxEnvironment, AnEmptyVariableIsNone) {
  const Environment cpu("FALX_CPU", ""), conv("FALX_CONV", ""), bf16("FALX_BF16", "");
  EXPECT_EQ(run_falx("info").exit_code, 0);
}

}  // namespace
