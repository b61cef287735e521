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
  program("build/tests/test_nn", "echo \"$@\"; echo '[  PASSED  ] 12 tests.'");
  const ScriptResult result = run(build_and_out() + "parity");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.error;
  EXPECT_THAT(summary(), HasSubstr("NVIDIA Pretence"));
  EXPECT_THAT(summary(), ContainsRegex("parity-test_nn +[0-9]+ s  passed"));
  EXPECT_THAT(summary(), HasSubstr("all passed"));
  EXPECT_THAT(text_of(directory_ / "out" / "parity-test_nn.log"), HasSubstr("--gtest_filter=*Parity*"));
}

TEST_F(GpuScript, AFailureFailsAndTheNextStepStillRuns) {
  pretend_a_gpu();
  program("build/tests/test_nn", "echo '[  FAILED  ] Relu.ParityOfPixels'; exit 1");
  program("build/tests/test_cuda", "echo '[  PASSED  ] 5 tests.'");
  program("build/tests/test_train", "echo '[  PASSED  ] 3 tests.'");
  const ScriptResult result = run(build_and_out() + "parity training");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(summary(), ContainsRegex("parity-test_nn .*FAILED .exit code 1."));
  EXPECT_THAT(summary(), HasSubstr("Relu.ParityOfPixels"));
  EXPECT_THAT(summary(), ContainsRegex("training-test_train .*passed"));
  EXPECT_THAT(summary(), Not(HasSubstr("all passed")));
}

TEST_F(GpuScript, TestsThatAllSkipThemselvesAreAFailure) {
  pretend_a_gpu();
  program("build/tests/test_cuda", "echo '[  PASSED  ] 5 tests.'");
  program("build/tests/test_train", "echo '[  PASSED  ] 0 tests.'; echo '[  SKIPPED ] 4 tests, listed below:'");
  const ScriptResult result = run(build_and_out() + "training");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(summary(), HasSubstr("no test passed"));
}

TEST_F(GpuScript, EndsWhatTakesTooLong) {
  pretend_a_gpu();
  program("build/tests/test_cuda", "exec sleep 60");
  program("build/tests/test_train", "exec sleep 60");
  const ScriptResult result = run(build_and_out() + "--limit 0.2 training");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(summary(), HasSubstr("took longer than 0.2 s"));
}

TEST_F(GpuScript, EndsWithItsTotalTime) {
  pretend_a_gpu();
  program("build/tests/test_cuda", "exec sleep 60");
  program("build/tests/test_train", "echo '[  PASSED  ] 3 tests.'");
  const ScriptResult result = run(build_and_out() + "--total 1 training");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(summary(), ContainsRegex("training-test_cuda .*took longer than 1 s"));
  EXPECT_THAT(summary(), ContainsRegex("training-test_train .*left out: no time left"));
}

// --total is there to cut a run short, which must not look like a run that passed.
TEST_F(GpuScript, WhatThereWasNoTimeForDidNotPass) {
  pretend_a_gpu();
  program("build/tests/test_nn", "echo '[  PASSED  ] 12 tests.'");
  program("build/tests/test_cuda", "echo '[  PASSED  ] 5 tests.'");
  const ScriptResult result = run(build_and_out() + "--total 0 parity golden");
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(summary(), ContainsRegex("parity +left out: no time left"));
  EXPECT_THAT(summary(), ContainsRegex("golden +left out: no time left"));
  EXPECT_THAT(summary(), HasSubstr("nothing failed, but 2 left out"));
  EXPECT_THAT(summary(), Not(HasSubstr("all passed")));
}

TEST_F(GpuScript, WhatIsLeftOutKeepsTheLogOfAnEarlierRun) {
  pretend_a_gpu();
  program("build/tests/test_cuda", "echo '[  PASSED  ] 5 tests.'");
  program("build/tests/test_train", "echo '[  PASSED  ] 3 tests.'");
  EXPECT_EQ(run(build_and_out() + "training").exit_code, 0) << summary();
  program("build/tests/test_cuda", "exec sleep 60");
  EXPECT_EQ(run(build_and_out() + "--total 1 training").exit_code, 1);
  EXPECT_THAT(summary(), ContainsRegex("training-test_train .*left out"));
  EXPECT_THAT(text_of(directory_ / "out" / "training-test_train.log"), HasSubstr("3 tests"));
  EXPECT_EQ(text_of(directory_ / "out" / "training-test_cuda.log"), "");
}

TEST_F(GpuScript, ALaterRunAddsToTheSummary) {
  pretend_a_gpu();
  program("build/tests/test_nn", "echo '[  PASSED  ] 12 tests.'");
  program("build/tests/test_cuda", "echo '[  PASSED  ] 5 tests.'");
  run(build_and_out() + "parity");
  run(build_and_out() + "golden");
  EXPECT_THAT(summary(), HasSubstr("parity-test_nn"));
  EXPECT_THAT(summary(), HasSubstr("golden-test_cuda"));
}

TEST_F(GpuScript, KeepsWhatTheDeviceSaysOfItself) {
  pretend_a_gpu();
  program(
      "build/tests/test_cuda",
      "echo 'description {\"deviceName\": \"Pretence\"}'; echo 'ceiling copy 4.3 TB/s'; echo '[  PASSED  ] 3 tests.'");
  const ScriptResult result = run(build_and_out() + "device");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.error << summary();
  EXPECT_EQ(text_of(directory_ / "out" / "device.json"), "{\"deviceName\": \"Pretence\"}\n");
  EXPECT_THAT(summary(), HasSubstr("ceiling copy 4.3 TB/s"));
}

TEST_F(GpuScript, KeepsAnEarlierDescriptionWhenTheDeviceSaysNothing) {
  pretend_a_gpu();
  program("build/apps/falx", "echo '{\"gpu\": \"Pretence\"}'");
  program("build/tests/test_cuda", "echo 'description {\"deviceName\": \"Pretence\"}'; echo '[  PASSED  ] 3 tests.'");
  EXPECT_EQ(run(build_and_out() + "device").exit_code, 0) << summary();
  program("build/apps/falx", "echo '{\"gpu'; echo 'lost the GPU' >&2; exit 1");
  program("build/tests/test_cuda", "echo '[  FAILED  ] CudaMachine.IsDescribed'; exit 1");
  EXPECT_EQ(run(build_and_out() + "device").exit_code, 1);
  EXPECT_EQ(text_of(directory_ / "out" / "machine.json"), "{\"gpu\": \"Pretence\"}\n");
  EXPECT_EQ(text_of(directory_ / "out" / "device.json"), "{\"deviceName\": \"Pretence\"}\n");
  EXPECT_EQ(text_of(directory_ / "out" / "machine.log"), "lost the GPU\n");
}

TEST_F(GpuScript, EndsFalxWhenItTakesTooLongToDescribeTheMachine) {
  pretend_a_gpu();
  program("build/apps/falx", "exec sleep 60");
  program("build/tests/test_cuda", "echo '[  PASSED  ] 3 tests.'");
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
  EXPECT_EQ(run(build_and_out() + "bench").exit_code, 4);
  EXPECT_THAT(summary(), ContainsRegex("bench-bf16-256-256-train.* UNFINISHED: run it again"));
  EXPECT_THAT(summary(), HasSubstr("nothing failed, but 3 left out"));
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
  // After --tool T --error-exitcode 9 --print-limit 20 comes the program.
  program("bin/compute-sanitizer", "echo \"alone: $FALX_GPU_BLOCKS_ALONE\"; shift 6; exec \"$@\"");
  for (const char* name : {"build/tests/test_nn", "build/tests/test_cuda"}) {
    program(name, "echo \"$@\"; echo '[  PASSED  ] 1 test.'");
  }
  const ScriptResult result = run(build_and_out() + "racecheck");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.error << summary();
  const std::string log = text_of(directory_ / "out" / "racecheck-test_nn.log");
  EXPECT_THAT(log, HasSubstr("*Parity*-*Conv*"));
  EXPECT_THAT(log, HasSubstr("alone: 1"));
  EXPECT_THAT(text_of(directory_ / "out" / "racecheck-test_cuda.log"), HasSubstr("--gtest_filter=*Kernels.*"));
}

}  // namespace
