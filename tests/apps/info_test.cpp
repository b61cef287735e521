// The program itself: falx info.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/files/safetensors.h"
#include "models/registry.h"
#include "tests/apps/run_falx.h"

namespace {

using nlohmann::json;
using test::ProgramResult;
using test::run_falx;
using testing::HasSubstr;

TEST(FalxInfo, PrintsTheTableOfLayers) {
  const ProgramResult result = run_falx("info cnn-2019");
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.out, testing::ContainsRegex("conv2 +Conv2d +222 x 222 x 96 +36,960 +1,816,805,376"));
  EXPECT_THAT(result.out, testing::ContainsRegex("total +112,710 +4,120,622,784"));
  EXPECT_EQ(result.error, "");
}

TEST(FalxInfo, ResultsThatNobodyReceivesAreAnError) {
  for (const char* command : {"info --json", "info cnn", "info --help", "--version"}) {
    const test::TemporaryDirectory directory;
    const std::string error = (directory / "error").string();
    const int status = std::system(("\"" FALX_PROGRAM "\" " + std::string(command) + " >/dev/full 2>" + error).c_str());
    EXPECT_EQ(WEXITSTATUS(status), 1) << command;
    EXPECT_THAT(io::read_file(error), testing::StartsWith("falx: standard output could not be written")) << command;
  }
}

TEST(FalxInfo, TheLastJsonLineIsTheTotal) {
  const ProgramResult result = run_falx("info cnn --size 64 --channels 1 --json");
  EXPECT_EQ(result.exit_code, 0) << result.error;
  const std::vector<std::string> lines = result.lines();
  std::int64_t parameters = 0, multiply_adds = 0;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    parameters += json::parse(lines[i])["parameters"].get<std::int64_t>();
    multiply_adds += json::parse(lines[i])["multiply_adds"].get<std::int64_t>();
  }
  const json total = json::parse(lines.back());
  EXPECT_EQ(total["model"], "cnn");
  EXPECT_EQ(total["input"], (json{64, 64, 1}));
  EXPECT_EQ(total["parameters"], parameters);
  EXPECT_EQ(total["multiply_adds"], multiply_adds);
  EXPECT_GT(multiply_adds, 0);
}

TEST(FalxInfo, DescribesTheProgramWithEveryCpuKernelFilled) {
  const ProgramResult result = run_falx("info --json");
  EXPECT_EQ(result.exit_code, 0) << result.error;
  const json facts = json::parse(result.out);
  EXPECT_THAT(facts["devices"], testing::Contains("cpu"));
  EXPECT_THAT(facts["simd_available"], testing::Contains(facts["simd"]));
  EXPECT_TRUE(facts.contains("model_cnn-2019"));
  EXPECT_GT(facts["kernel_slots"].get<int>(), 20);
  EXPECT_EQ(facts["kernels_on_cpu"].size(), facts["kernel_slots"].get<std::size_t>());
}

TEST(FalxInfo, DescribesAWeightFile) {
  const ProgramResult result = run_falx("info --json tests/golden/cnn.safetensors");
  EXPECT_EQ(result.exit_code, 0) << result.error;
  const json facts = json::parse(result.out);
  EXPECT_EQ(facts["kind"], "weights");
  EXPECT_EQ(facts["format"], "safetensors");
  EXPECT_EQ(facts["metadata_input"], "4 38 45 3");
  EXPECT_EQ(facts["tensors"].get<std::size_t>(), io::read_safetensors("tests/golden/cnn.safetensors").tensors.size());
}

TEST(FalxInfo, RefusesOtherFilesWhateverTheyAreCalled) {
  const test::TemporaryDirectory folder;
  for (const char* name : {"text.dcm", "text.txt", "text", "text.h5", "text.safetensors"}) {
    io::write_file_atomically(folder / name, "nothing that falx reads");
    const ProgramResult result = run_falx("info " + (folder / name).string());
    EXPECT_EQ(result.exit_code, 1) << name;
    EXPECT_EQ(result.out, "") << name;
    EXPECT_THAT(result.error, HasSubstr(std::string(name) + ": is n")) << name;
    EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
  }
  io::write_file_atomically(folder / "weights.pth", "PK\x03\x04...");
  EXPECT_THAT(run_falx("info " + (folder / "weights.pth").string()).error, HasSubstr("zip archive"));
}

TEST(FalxInfo, ADefectivePictureIsExitCode3) {
  const test::TemporaryDirectory folder;
  io::write_file_atomically(folder / "cut.png", io::read_file("apps/report/example.png").substr(0, 2000));
  const ProgramResult result = run_falx("info " + (folder / "cut.png").string());
  EXPECT_EQ(result.exit_code, 3) << result.error;
  EXPECT_THAT(result.out, HasSubstr("rejected"));
  EXPECT_EQ(result.error, "");
}

TEST(FalxInfo, WrapsTheListOfKernels) {
  const std::vector<std::string> lines = run_falx("info").lines();
  EXPECT_GT(std::count_if(lines.begin(), lines.end(), [](const std::string& line) { return line.starts_with("  "); }),
            5);
  for (const std::string& line : lines) {
    if (line.starts_with("cuda ")) continue;
    EXPECT_LE(line.size(), 110U) << line;
  }
}

TEST(FalxInfo, NamesThreeAlgorithmsWhereThePassesDiffer) {
  const std::string table = run_falx("info vgg16 --size 64 --conv auto").out;
  EXPECT_THAT(table, testing::ContainsRegex("Conv2d [^\n]*  direct, winograd, direct\n")) << "of three channels";
  EXPECT_THAT(table, testing::ContainsRegex("Conv2d [^\n]*[0-9]  winograd\n"));
  EXPECT_THAT(table, HasSubstr("of the forward pass, the data\ngradient and the weight gradient\n"));
}

TEST(FalxInfo, RefusesWhatIsNothing) {
  const ProgramResult unknown = run_falx("info resnet");
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_EQ(unknown.error,
            "falx info: 'resnet' is no network (there are " + models::model_names() + ") and no file or directory\n");
  const ProgramResult directory = run_falx("info tests");
  EXPECT_EQ(directory.exit_code, 1);
  EXPECT_THAT(directory.error, HasSubstr("tests is no run directory"));
}

TEST(Falx, AnUnknownCommandIsNamed) {
  for (const char* command : {"audit", "frobnicate"}) {
    const ProgramResult result = run_falx(command);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.error, "falx: there is no command '" + std::string(command) + "' (see falx --help)\n");
  }
  EXPECT_EQ(run_falx("").exit_code, 2);
  EXPECT_EQ(run_falx("--nonsense").exit_code, 2);
}

TEST(FalxInfo, WrongUsageIsExitCode2InOneLine) {
  for (const char* arguments :
       {"info cnn --size 0", "info cnn --size 31", "info cnn --size 99999", "info cnn --channels x", "info --size 64",
        "info cnn --nonsense", "info cnn cnn-2019"}) {
    const ProgramResult result = run_falx(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments;
    EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
    EXPECT_EQ(result.out, "") << arguments;
  }
}

}  // namespace
