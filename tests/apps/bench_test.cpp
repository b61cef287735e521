// The program itself: falx bench. Not what it measures, which is no test's business, but that it measures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/files/safetensors.h"
#include "nn/core/device_runtime.h"
#include "tests/apps/running_falx.h"

namespace {

using nlohmann::json;
using test::ProgramResult;
using test::run_falx;
using test::RunningFalx;
using testing::HasSubstr;

/// The keys that scripts rely on.
const std::vector<std::string> result_keys{"model",
                                           "what",
                                           "device",
                                           "precision",
                                           "graph",
                                           "batch",
                                           "size",
                                           "threads",
                                           "products",
                                           "simd",
                                           "conv",
                                           "images_per_second",
                                           "milliseconds",
                                           "milliseconds_min",
                                           "milliseconds_max",
                                           "peak_bytes"};

TEST(FalxBench, TheLastJsonLineHoldsTheResult) {
  for (const std::string what : {"train", "infer", "ops"}) {
    const ProgramResult result =
        run_falx("bench --json --model cnn --size 32 --batch 2 --seconds 0 --threads 1 --what " + what);
    ASSERT_EQ(result.exit_code, 0) << result.error;
    const json line = json::parse(result.lines().back());
    for (const std::string& key : result_keys) EXPECT_TRUE(line.contains(key)) << key;
    EXPECT_EQ(line.size(), result_keys.size());
    EXPECT_EQ(line["model"], "cnn");
    EXPECT_EQ(line["what"], what);
    EXPECT_EQ(line["batch"], 2);
    EXPECT_EQ(line["size"], 32);
    EXPECT_EQ(line["threads"], 1);
    const double median = line["milliseconds"];
    EXPECT_NEAR(line["images_per_second"].get<double>() * median, 2000, 1e-6);
    EXPECT_LE(line["milliseconds_min"].get<double>(), median);
    EXPECT_GE(line["milliseconds_max"].get<double>(), median);
    EXPECT_GT(line["peak_bytes"].get<std::int64_t>(), 1 << 20);
    EXPECT_EQ(result.lines().size() == 1, what != "ops") << "a line a layer before";
  }
}

/// A core multiplies at most 32 pairs of floats a cycle (two AVX-512 units), at less than 8 GHz; Winograd's F(4x4, 3x3)
/// takes a quarter of the multiplications that are counted.
constexpr double highest_rate = 4 * 32 * 8e9;

/// The layers of a step and, behind them, the step, as `bench --what ops` prints them.
std::vector<json> layers_and_step(const std::string& model) {
  const ProgramResult result =
      run_falx("bench --json --size 32 --batch 4 --seconds 0 --threads 1 --what ops --model " + model);
  EXPECT_EQ(result.exit_code, 0) << result.error;
  std::vector<json> lines;
  for (const std::string& line : result.lines()) lines.push_back(json::parse(line));
  return lines;
}

double milliseconds_of_layers(const std::vector<json>& lines) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) sum += lines[i]["milliseconds"].get<double>();
  return sum;
}

TEST(FalxBench, LayersHaveRatesThatCanBeAndTimesThatAddUp) {
  for (const auto& [model, convolutions] : {std::pair{"cnn", 10}, {"cnn-2019", 4}, {"densenet121", 120}}) {
    const std::vector<json> lines = layers_and_step(model);
    int rates = 0;
    for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
      EXPECT_LT(lines[i]["multiply_adds_per_second"], highest_rate) << lines[i];
      rates += lines[i]["algorithm"] != "" && lines[i]["multiply_adds_per_second"] > 0 ? 1 : 0;
    }
    EXPECT_EQ(rates, convolutions) << model;
    // Medians of three steps need not add up to the median step, but no sum of them exceeds half of all steps' sum.
    EXPECT_LT(milliseconds_of_layers(lines), 1.5 * lines.back()["milliseconds_max"].get<double>()) << model;
  }
}

TEST(FalxBench, LayersTakeMostOfAStep) {
  bool most = false;  // of one run of several: on a busy machine a step is interrupted between its layers
  for (int run = 0; run < 20 && !most; ++run) {
    const std::vector<json> lines = layers_and_step("cnn-2019");
    most = milliseconds_of_layers(lines) > 0.5 * lines.back()["milliseconds_min"].get<double>();
  }
  EXPECT_TRUE(most);
}

TEST(FalxBench, LayersThatAreComputedInOneHaveOneLine) {
  const ProgramResult result = run_falx("bench --size 32 --batch 1 --seconds 0 --what ops --model cnn");
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.out, testing::ContainsRegex("\nstage1.norm \\+ down +BatchNorm2d \\+ Conv2d +[0-9.]+ ms"));
  EXPECT_THAT(result.out, HasSubstr("\nstage1.block.norm1 + conv1 + norm2  BatchNorm2d + Conv2d + BatchNorm2d  "));
  EXPECT_THAT(result.out, HasSubstr("\nstage1.block.conv2 "));
}

TEST(FalxBench, PeakMemoryIsTheProgramsOwn) {
  if (io::read_file("/proc/self/status").find("VmHWM") == std::string::npos) GTEST_SKIP() << "the system does not say";
  constexpr std::size_t held = std::size_t{1} << 29U;
  const std::vector<char> memory(held, 1);  // by whoever starts the program
  const ProgramResult result = RunningFalx({"bench", "--json", "--model", "cnn", "--size", "32", "--batch", "1",
                                            "--seconds", "0", "--threads", "1", "--what", "infer"})
                                   .wait();
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_LT(json::parse(result.out)["peak_bytes"].get<std::size_t>(), held - static_cast<std::size_t>(memory[7]));
}

TEST(FalxBench, PrintsALineForAPerson) {
  const ProgramResult result = run_falx("bench --quiet --size 32 --batch 1 --seconds 0 --what infer");
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.out, HasSubstr("infer (cnn, batch 1), 32 pixels, cpu f32"));
  EXPECT_THAT(result.out, HasSubstr("images/s"));
}

TEST(FalxBench, AutoNamesTheDeviceThatItTook) {
  for (const std::string device : {"auto", "cpu"}) {
    const ProgramResult result =
        run_falx("bench --json --size 32 --batch 1 --seconds 0 --what infer --device " + device);
    ASSERT_EQ(result.exit_code, 0) << result.error;
    const bool on_gpu = device == "auto" && nn::has_device(nn::Device::cuda);
    EXPECT_EQ(json::parse(result.out)["device"], on_gpu ? "cuda" : "cpu");
  }
}

TEST(FalxBench, RefusesWhatDoesNotExistInOneLine) {
  for (const char* arguments :
       {"bench --model resnet", "bench --device tpu", "bench --device cpu --precision bf16", "bench --what play",
        "bench --batch 0", "bench --size 0", "bench --size 7", "bench --what load", "bench --seconds -1",
        "bench --what infer --images tests", "bench --what ops --inputs a.safetensors"}) {
    const ProgramResult result = run_falx(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments;
    EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
    EXPECT_EQ(result.out, "") << arguments;
  }
}

TEST(FalxBench, LoadingIsTimedStepByStepAndItsInputsCanBeHad) {
  const test::TemporaryDirectory directory;
  ASSERT_EQ(run_falx("synth --patients 1 --test-patients 1 --slices 4 --size 64 --quiet --out " +
                     (directory / "data").string())
                .exit_code,
            0);
  const std::string inputs = (directory / "inputs.safetensors").string();
  const std::string load = "bench --what load --size 16 --images " + (directory / "data/stage_2_train").string();
  const ProgramResult result = run_falx(load + " --json --inputs " + inputs);
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const json line = json::parse(result.out);
  for (const std::string& key : result_keys) EXPECT_TRUE(line.contains(key)) << key;
  for (const char* key : {"model", "precision", "products", "conv"}) EXPECT_TRUE(line[key].is_null()) << key;
  EXPECT_EQ(line["size"], 16);
  const json stages = line["stages"];
  for (const char* stage : {"header", "pixels", "hounsfield", "input"}) EXPECT_GT(stages[stage], 0) << stage;
  const io::Safetensors made = io::read_safetensors(inputs);
  ASSERT_EQ(made.tensors.size(), 4U);
  EXPECT_EQ(made.tensors[0].shape, (std::vector<std::int64_t>{16, 16, 3}));
}

TEST(FalxBench, LoadingRefusesWhatConcernsANetwork) {
  for (const std::string option : {"model cnn", "batch 4", "seconds 1", "device cpu", "precision f32", "conv direct"}) {
    const ProgramResult result = run_falx("bench --what load --size 16 --images tests --" + option);
    EXPECT_EQ(result.exit_code, 2) << option;
    EXPECT_EQ(result.error, "falx bench: --what load runs no network: there is nothing for --" +
                                option.substr(0, option.find(' ')) + "\n");
  }
}

TEST(FalxBench, LoadingNeedsFilesThatCanBeRead) {
  const ProgramResult result = run_falx("bench --what load --size 64 --images cuda");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
}

}  // namespace
