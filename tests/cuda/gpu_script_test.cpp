// tests/gpu.sh, as far as it goes without a GPU: which tests its steps select, and what it makes of programs that pass,
// fail, skip everything or hang.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/temporary_directory.h"

namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct ScriptResult {
  int exit_code;
  std::string out, error;
};

class GpuScript : public testing::Test {
 protected:
  /// tests/gpu.sh with `arguments`; programs in bin/ are found before the system's.
  ScriptResult run(const std::string& arguments) {
    const fs::path out = directory_ / "stdout", error = directory_ / "stderr";
    const std::string command = "PATH=" + (directory_ / "bin").string() + ":$PATH tests/gpu.sh " + arguments + " >" +
                                out.string() + " 2>" + error.string();
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), text_of(out), text_of(error)};
  }
  /// A GPU that nvidia-smi lists.
  void pretend_a_gpu() { program("bin/nvidia-smi", "echo 'GPU 0: NVIDIA Pretence'"); }
  void program(const std::string& name, const std::string& commands) {
    const fs::path path = directory_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\n" << commands << "\n";
    fs::permissions(path, fs::perms::owner_all);
  }
  /// A program of tests named by what they do, as far as the script can see.
  void test_program(const std::string& name, const std::string& tests) {
    program(name, "tests='" + tests + "'\n" + R"sh(
for argument; do
  case $argument in
    --gtest_list_tests) echo 'Suite.'; for test in $tests; do echo "  $test"; done; exit ;;
    --gtest_flagfile=*) flags=${argument#*=} ;;
  esac
done
[ -n "$FALX_GPU_BLOCKS_ALONE" ] && echo blocks alone
for test in $(sed 's/--gtest_filter=//; s/:/ /g' "$flags"); do
  echo "[ RUN      ] $test"
  case $test$lost in
    *Passes*lost | *Fails*) failed=1; echo "[  FAILED  ] $test (0 ms)" ;;
    *LosesTheGpu*) lost=lost failed=1; echo 'an illegal memory access was encountered'; echo "[  FAILED  ] $test (0 ms)" ;;
    *Skips*) echo "[  SKIPPED ] $test (0 ms)" ;;
    *Crashes*) kill -SEGV $$ ;;
    *Hangs*) exec sleep 60 ;;
    *Sleeps*) [ -e "$0.awake" ] || exec sleep 60; echo "[       OK ] $test (0 ms)" ;;
    *) echo "[       OK ] $test (0 ms)" ;;
  esac
done
echo '[==========] tests ran.'
exit $failed)sh");
  }
  /// The commands of a program with one test, which passes after these.
  static std::string one_test(const std::string& commands) {
    return "case $1 in --gtest_list_tests) echo 'Suite.'; echo '  Test'; exit;; esac\necho '[ RUN      ] "
           "Suite.Test'\n" +
           commands + "\necho '[       OK ] Suite.Test (0 ms)'; echo '[==========] 1 test ran.'";
  }
  std::string build_and_out() const {
    return "--build " + (directory_ / "build").string() + " --out " + (directory_ / "out").string() + " ";
  }
  std::string summary() const { return text_of(directory_ / "out" / "summary.txt"); }

  test::TemporaryDirectory directory_;
};

TEST_F(GpuScript, SaysInOneLineThatThereIsNoGpu) {
  program("bin/nvidia-smi", "exit 9");
  const ScriptResult result = run(build_and_out());
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.error, "tests/gpu.sh: there is no GPU here (nvidia-smi lists none)\n");
}

TEST_F(GpuScript, RefusesAStepThatThereIsNot) {
  const ScriptResult result = run("speed");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.error, HasSubstr("there is no step 'speed'"));
}

TEST_F(GpuScript, EveryStepSelectsTests) {
  const fs::path build = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  for (const char* name : {"test_nn", "test_train"}) {
    if (!fs::exists(build / "tests" / name)) GTEST_SKIP() << name << " is not built";
  }
  const ScriptResult result = run("--plan --build " + build.string());
  EXPECT_EQ(result.exit_code, 0) << result.out << result.error;
  EXPECT_THAT(result.out, ContainsRegex("parity: test_nn .* [1-9][0-9]+ tests"));
}

TEST_F(GpuScript, PassesWhenEverythingPasses) {
  pretend_a_gpu();
  test_program("build/tests/test_nn", "Passes PassesToo Skips");
  const ScriptResult result = run(build_and_out() + "parity");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.error;
  EXPECT_THAT(summary(), HasSubstr("NVIDIA Pretence"));
  EXPECT_THAT(summary(), ContainsRegex("parity-test_nn +[0-9]+ s  passed"));
  EXPECT_THAT(summary(), HasSubstr("2 passed, 1 skipped, of 3"));
  EXPECT_THAT(summary(), HasSubstr("all passed"));
}

TEST_F(GpuScript, AFailureFailsAndTheNextStepStillRuns) {
  pretend_a_gpu();
  test_program("build/tests/test_nn", "Fails Passes");
  test_program("build/tests/test_cuda", "Passes");
  test_program("build/tests/test_train", "Passes");
  const ScriptResult result = run(build_and_out() + "parity training");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(summary(), ContainsRegex("parity-test_nn .*FAILED .exit code 1."));
  EXPECT_THAT(summary(), HasSubstr("FAILED Suite.Fails"));
  EXPECT_THAT(summary(), ContainsRegex("training-test_train .*passed"));
  EXPECT_THAT(summary(), Not(HasSubstr("all passed")));
}

// After an illegal access every later call fails: what comes behind it needs another process.
TEST_F(GpuScript, OneTestThatLosesTheGpuOrCrashesHidesNoOther) {
  pretend_a_gpu();
  test_program("build/tests/test_nn", "Passes LosesTheGpu PassesThen Crashes PassesAtLast Fails");
  EXPECT_EQ(run(build_and_out() + "parity").exit_code, 1);
  EXPECT_THAT(summary(), HasSubstr("3 passed, 0 skipped, of 6"));
  for (const char* test : {"LosesTheGpu", "Crashes", "Fails"}) {
    EXPECT_THAT(summary(), HasSubstr(std::string("FAILED Suite.") + test));
  }
  EXPECT_THAT(summary(), Not(HasSubstr("FAILED Suite.Passes")));
}

TEST_F(GpuScript, ATestThatHangsIsEndedAndTheNextRuns) {
  pretend_a_gpu();
  test_program("build/tests/test_nn", "Hangs Passes");
  EXPECT_EQ(run(build_and_out() + "--test-limit 0 parity").exit_code, 1);
  EXPECT_THAT(summary(), HasSubstr("FAILED Suite.Hangs"));
  EXPECT_THAT(text_of(directory_ / "out" / "parity-test_nn.log"), HasSubstr("the test was ended after 0 s"));
  EXPECT_THAT(summary(), HasSubstr("1 passed"));
}

TEST_F(GpuScript, ListsEveryFailure) {
  pretend_a_gpu();
  std::string names;
  for (int i = 0; i < 30; ++i) names += "Fails" + std::to_string(i) + " ";
  test_program("build/tests/test_nn", names + "Passes");
  EXPECT_EQ(run(build_and_out() + "parity").exit_code, 1);
  for (const char* test : {"Fails0", "Fails29"}) EXPECT_THAT(summary(), HasSubstr(std::string("FAILED Suite.") + test));
}

TEST_F(GpuScript, TestsThatAllSkipThemselvesAreAFailure) {
  pretend_a_gpu();
  test_program("build/tests/test_cuda", "Passes");
  test_program("build/tests/test_train", "Skips SkipsToo");
  EXPECT_EQ(run(build_and_out() + "training").exit_code, 1);
  EXPECT_THAT(summary(), HasSubstr("no test passed"));
}

TEST_F(GpuScript, ABuildWithoutFilesAndTrainingLeavesOutTheirTests) {
  pretend_a_gpu();
  test_program("build/tests/test_cuda", "");
  EXPECT_EQ(run(build_and_out() + "golden networks training falx").exit_code, 4);
  EXPECT_THAT(summary(), ContainsRegex("golden-test_cuda +left out: this build is without files and training"));
  EXPECT_THAT(summary(), ContainsRegex("training-test_train +left out"));
  EXPECT_THAT(summary(), HasSubstr("nothing failed"));
}

// --total is there to cut a run short, which must not look like a run that passed.
TEST_F(GpuScript, SlowWhatThereWasNoTimeForIsRunByResume) {
  pretend_a_gpu();
  test_program("build/tests/test_nn", "Passes Fails Sleeps PassesToo");
  test_program("build/tests/test_cuda", "Passes");
  EXPECT_EQ(run(build_and_out() + "--total 8 parity golden").exit_code, 75) << summary();
  EXPECT_THAT(summary(), ContainsRegex("parity-test_nn .*UNFINISHED: run it again, with --resume"));
  EXPECT_THAT(summary(), ContainsRegex("golden +left out: no time left"));
  program("build/tests/test_nn.awake", "");
  const ScriptResult rest = run(build_and_out() + "--resume parity golden");
  EXPECT_EQ(rest.exit_code, 1) << "the failure of the first run counts: " << rest.out;
  EXPECT_THAT(rest.out, HasSubstr("3 passed, 0 skipped, of 4"));
  EXPECT_THAT(rest.out, ContainsRegex("golden-test_cuda .*passed"));
  const std::string log = text_of(directory_ / "out" / "parity-test_nn.log"), run_line = "[ RUN      ] Suite.Fails";
  EXPECT_EQ(log.find(run_line), log.rfind(run_line)) << "it ran once";
  const ScriptResult nothing = run(build_and_out() + "--resume parity golden");
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_THAT(nothing.out, Not(HasSubstr("golden-test_cuda")));
}

TEST_F(GpuScript, WithoutTimeNothingBegins) {
  pretend_a_gpu();
  test_program("build/tests/test_nn", "Passes");
  EXPECT_EQ(run(build_and_out() + "parity").exit_code, 0);
  EXPECT_EQ(run(build_and_out() + "--total 0 parity golden").exit_code, 75);
  EXPECT_THAT(summary(), ContainsRegex("parity +left out: no time left"));
  EXPECT_THAT(summary(), HasSubstr("no time for 2: run it again, with --resume"));
  EXPECT_THAT(text_of(directory_ / "out" / "parity-test_nn.tests"), HasSubstr("passed Suite.Passes"));
}

TEST_F(GpuScript, ALaterRunAddsToTheSummary) {
  pretend_a_gpu();
  test_program("build/tests/test_nn", "Passes");
  test_program("build/tests/test_cuda", "Passes");
  run(build_and_out() + "parity");
  run(build_and_out() + "golden");
  EXPECT_THAT(summary(), HasSubstr("parity-test_nn"));
  EXPECT_THAT(summary(), HasSubstr("golden-test_cuda"));
}

TEST_F(GpuScript, PacksAllItWroteIntoOneFile) {
  pretend_a_gpu();
  test_program("build/tests/test_nn", "Fails");
  const std::string pack = (directory_ / "results.tar.gz").string();
  EXPECT_EQ(run(build_and_out() + "--pack " + pack + " parity").exit_code, 1);
  EXPECT_EQ(std::system(("tar -tzf " + pack + " | grep -q summary.txt").c_str()), 0);
}

TEST_F(GpuScript, KeepsWhatTheDeviceSaysOfItself) {
  pretend_a_gpu();
  program("build/tests/test_cuda",
          one_test("echo 'description {\"deviceName\": \"Pretence\"}'; echo 'ceiling copy 4.3'"));
  const ScriptResult result = run(build_and_out() + "device");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.error << summary();
  EXPECT_EQ(text_of(directory_ / "out" / "device.json"), "{\"deviceName\": \"Pretence\"}\n");
  EXPECT_THAT(summary(), HasSubstr("ceiling copy 4.3"));
}

TEST_F(GpuScript, KeepsAnEarlierDescriptionWhenTheDeviceSaysNothing) {
  pretend_a_gpu();
  program("build/apps/falx", "echo '{\"gpu\": \"Pretence\"}'");
  program("build/tests/test_cuda", one_test("echo 'description {\"deviceName\": \"Pretence\"}'"));
  EXPECT_EQ(run(build_and_out() + "device").exit_code, 0) << summary();
  program("build/apps/falx", "echo '{\"gpu'; echo 'lost the GPU' >&2; exit 1");
  test_program("build/tests/test_cuda", "Fails");
  EXPECT_EQ(run(build_and_out() + "device").exit_code, 1);
  EXPECT_EQ(text_of(directory_ / "out" / "machine.json"), "{\"gpu\": \"Pretence\"}\n");
  EXPECT_EQ(text_of(directory_ / "out" / "device.json"), "{\"deviceName\": \"Pretence\"}\n");
  EXPECT_EQ(text_of(directory_ / "out" / "machine.log"), "lost the GPU\n");
}

TEST_F(GpuScript, EndsFalxWhenItTakesTooLongToDescribeTheMachine) {
  pretend_a_gpu();
  program("build/apps/falx", "exec sleep 60");
  test_program("build/tests/test_cuda", "Passes");
  EXPECT_EQ(run(build_and_out() + "--limit 0.3 device").exit_code, 1);
  EXPECT_THAT(summary(), ContainsRegex("machine .*took longer than 0.3 s"));
}

// Falx alone and beside PyTorch, without either: what is asked of them, in which order, and what is kept.
TEST_F(GpuScript, MeasuresWhatMattersMostFirst) {
  pretend_a_gpu();
  program("build/apps/falx", "echo \"{\\\"asked\\\": \\\"$*\\\"}\"");
  program("bin/python3", "[ \"$1\" = -c ] || echo \"$@\"");
  const ScriptResult result = run(build_and_out() + "falx bench");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.error << summary();
  const std::string falx = text_of(directory_ / "out" / "falx.jsonl");
  EXPECT_THAT(falx, HasSubstr("--autotune")) << "as in the rows beside PyTorch";
  EXPECT_EQ(falx.find("--model densenet121 --precision bf16 --what train --batch 256"), falx.find("--model"));
  const std::string log = text_of(directory_ / "out" / "bench-bf16-224-256-train-eager-compile.log");
  EXPECT_THAT(log, HasSubstr("--batch 256 --what train --variant eager compile"));
  EXPECT_LT(summary().find("bench-bf16-224-32-train-eager"), summary().find("bench-bf16-224-256-train-max-autotune"));
  EXPECT_TRUE(fs::exists(directory_ / "out" / "peers.txt"));
}

TEST_F(GpuScript, RowsThatAreNotFinishedDidNotPass) {
  pretend_a_gpu();
  program("build/apps/falx", "exit 0");
  program("bin/python3",
          "case $* in *'--size 256'*) echo '3 measurements are left'; exit 75;; *-c*) ;; *) echo row;; esac");
  EXPECT_EQ(run(build_and_out() + "bench").exit_code, 75);
  EXPECT_THAT(summary(), ContainsRegex("bench-bf16-256-256-train.* UNFINISHED: run it again"));
  EXPECT_THAT(summary(), HasSubstr("no time for 3"));
}

TEST_F(GpuScript, ABenchmarkWithoutPyTorchDidNotPass) {
  pretend_a_gpu();
  program("build/apps/falx", "exit 0");
  program("bin/python3", "echo 'No module named torch' >&2; exit 1");
  EXPECT_EQ(run(build_and_out() + "bench").exit_code, 4);
  EXPECT_THAT(summary(), ContainsRegex("bench +left out: python3 has no PyTorch with CUDA"));
  EXPECT_EQ(text_of(directory_ / "out" / "bench-torch.log"), "No module named torch\n");
}

TEST_F(GpuScript, EndsPyTorchWhenItTakesTooLongToLoad) {
  pretend_a_gpu();
  program("build/apps/falx", "exit 0");
  program("bin/python3", "exec sleep 60");
  EXPECT_EQ(run(build_and_out() + "--limit 0.3 bench").exit_code, 4);
  EXPECT_THAT(summary(), HasSubstr("python3 has no PyTorch with CUDA")) << "it was not waited for";
}

TEST_F(GpuScript, ASanitizerThatIsMissingDidNotPass) {
  if (std::system(
          "command -v compute-sanitizer >/dev/null || ls /usr/local/cuda/bin/compute-sanitizer >/dev/null 2>&1") == 0) {
    GTEST_SKIP() << "compute-sanitizer is installed";
  }
  pretend_a_gpu();
  EXPECT_EQ(run(build_and_out() + "memcheck").exit_code, 4);
  EXPECT_THAT(summary(), ContainsRegex("memcheck +left out: compute-sanitizer is not installed"));
}

TEST_F(GpuScript, RunsTheSanitizersOverTheTests) {
  pretend_a_gpu();
  // The program comes last.
  program("bin/compute-sanitizer", "echo \"sanitizer $*\"; while [ \"${1#/}\" = \"$1\" ]; do shift; done; exec \"$@\"");
  for (const char* name : {"build/tests/test_nn", "build/tests/test_cuda"}) test_program(name, "Passes");
  const ScriptResult result = run(build_and_out() + "memcheck racecheck");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.error << summary();
  const std::string log = text_of(directory_ / "out" / "racecheck-test_nn.log");
  EXPECT_THAT(log, HasSubstr("sanitizer --tool racecheck --error-exitcode 9"));
  EXPECT_THAT(log, HasSubstr("blocks alone"));
  EXPECT_THAT(log, Not(HasSubstr("--report-api-errors")));
  EXPECT_THAT(text_of(directory_ / "out" / "memcheck-test_nn.log"), HasSubstr("--report-api-errors no"));
}

// What it finds belongs to the test that was running.
TEST_F(GpuScript, WhatASanitizerFindsFailsTheTest) {
  pretend_a_gpu();
  program("bin/compute-sanitizer",
          "while [ \"${1#/}\" = \"$1\" ]; do shift; done\n"
          "\"$@\" | sed 's/^.*RUN .*Bad$/&\\n========= Invalid __global__ write of size 4 bytes/'; exit 9");
  for (const char* name : {"build/tests/test_nn", "build/tests/test_cuda"}) test_program(name, "Good Bad Fine");
  EXPECT_EQ(run(build_and_out() + "memcheck").exit_code, 1);
  EXPECT_THAT(summary(), HasSubstr("FAILED Suite.Bad"));
  EXPECT_THAT(summary(), Not(HasSubstr("FAILED Suite.Good")));
}

}  // namespace
