// The program itself: --conv tune and --conv FILE, and the choices that a run keeps.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>

#include "io/files/atomic_file.h"
#include "io/files/safetensors.h"
#include "tests/apps/program_test.h"
#include "tests/support/environment.h"

namespace {

using nlohmann::json;
using test::Environment;
using test::expect_one_line;
using test::ProgramResult;
using test::run_falx;

class FalxConvTune : public test::TinyTraining {
 protected:
  /// Choices for the network that is trained here: of a tuned run, all made `algorithm` unless that is empty.
  std::string choices_file(const std::string& algorithm = "") const {
    const std::string file = path("choices.json");
    const ProgramResult result =
        run_falx("bench --model cnn --size 32 --batch 4 --seconds 0 --conv tune --conv-choices " + file);
    EXPECT_EQ(result.exit_code, 0) << result.error;
    if (!algorithm.empty()) {
      const std::regex any("\"algorithm\":\"[^\"]*\"");
      io::write_file_atomically(file,
                                std::regex_replace(io::read_file(file), any, "\"algorithm\":\"" + algorithm + "\""));
    }
    return file;
  }
  void train_well(const std::string& out, std::vector<std::string> more) const {
    more.emplace_back("--quiet");
    const ProgramResult result = train(out, more);
    EXPECT_EQ(result.exit_code, 0) << out << ": " << result.error;
  }
  /// The hash of weights, moments and statistics at the end of a run.
  std::string last_weights(const std::string& run) const {
    return io::weight_hash(io::read_safetensors(path(run + "/last.safetensors")));
  }
  std::string predictions(const std::string& out, const std::string& more) const {
    const ProgramResult result = run_falx("predict --model " + path("run") + " --input " + path("images") + " --out " +
                                          path(out) + " --quiet " + more);
    EXPECT_EQ(result.exit_code, 0) << result.error;
    return bytes(out + "/predictions.csv");
  }
};

TEST_F(FalxConvTune, ARunKeepsItsChoicesAndInfoPrintsThem) {
  train_well("run", {"--conv", "tune"});
  EXPECT_EQ(json::parse(bytes("run/config.json"))["conv"], "tune");
  const json choices = json::parse(bytes("run/conv_choices.json"));
  EXPECT_EQ(choices["images"], 4);
  EXPECT_EQ(choices["convolutions"].size(), 9U) << "three shapes, three passes";
  for (const json& line : choices["convolutions"]) EXPECT_TRUE(line["milliseconds"].contains(line["algorithm"]));
  EXPECT_THAT(run_falx("info " + path("run")).out,
              testing::ContainsRegex("convolution 3x3 48->48 @8x8, backward_weights [^\n]*\\(direct [0-9.]+ ms, "));
}

TEST_F(FalxConvTune, ALineTellsWhatCameOfIt) {
  const ProgramResult trained = train("run", {"--conv", "tune"});
  EXPECT_THAT(trained.error, testing::ContainsRegex("convolutions: (all|[0-9] of) 9 passes run by [^\n]+\n"));
  EXPECT_THAT(train("quiet", {"--conv", "tune", "--quiet"}).error, "");
}

TEST_F(FalxConvTune, TheSameFileGivesTheSameBytesWithAnyNumberOfThreads) {
  const std::string file = choices_file();
  train_well("one", {"--conv", file, "--threads", "1"});
  train_well("three", {"--conv", file, "--threads", "3"});
  EXPECT_EQ(json::parse(bytes("one/config.json"))["conv"], file);
  for (const char* name : {"/model.safetensors", "/predictions.csv"}) {
    EXPECT_TRUE(bytes("one" + std::string(name)) == bytes("three" + std::string(name))) << name;
  }
  EXPECT_EQ(last_weights("one"), last_weights("three"));
  EXPECT_EQ(bytes("one/conv_choices.json"), io::read_file(file)) << "the run has a copy";
}

TEST_F(FalxConvTune, AResumedRunGoesOnWithItsOwnCopyOfTheFile) {
  const std::string file = choices_file("direct");
  {
    const Environment environment("FALX_CONV", "winograd");  // which --conv overrides
    train_well("run", {"--conv", file});
    std::filesystem::remove(file);
    ASSERT_EQ(resume("run", {"--epochs", "2", "--quiet"}).exit_code, 0);
  }
  train_well("direct", {"--conv", "direct"});
  ASSERT_EQ(resume("direct", {"--epochs", "2", "--quiet"}).exit_code, 0);
  EXPECT_EQ(last_weights("run"), last_weights("direct"));
}

TEST_F(FalxConvTune, AResumedRunIsNotTunedAgain) {
  train_well("run", {"--conv", "tune"});
  const std::string choices = bytes("run/conv_choices.json");
  ASSERT_EQ(resume("run", {"--epochs", "2", "--quiet"}).exit_code, 0);
  EXPECT_EQ(bytes("run/conv_choices.json"), choices) << "times and all";
  std::filesystem::remove(path("run/conv_choices.json"));
  expect_one_line(resume("run", {"--epochs", "3"}), 1, "conv_choices.json");
}

TEST_F(FalxConvTune, PredictingTakesWhatTheRunKeepsUnlessToldOtherwise) {
  train_well("run", {"--conv", choices_file("direct")});
  const Environment environment("FALX_CONV", "winograd");
  const std::string kept = predictions("kept", ""), direct = predictions("direct", "--conv direct"),
                    winograd = predictions("winograd", "--conv winograd");
  EXPECT_TRUE(kept == direct);
  EXPECT_FALSE(kept == winograd);
}

TEST_F(FalxConvTune, AnotherRunInThePlaceLeavesNoChoicesBehind) {
  train_well("run", {"--conv", choices_file()});
  train_well("run", {"--overwrite", "--conv", "auto"});
  EXPECT_FALSE(std::filesystem::exists(path("run/conv_choices.json")));
}

TEST_F(FalxConvTune, ABadFileIsRefusedInOneLine) {
  io::write_file_atomically(path("bad.json"), "{\"format_version\": 1}");
  const std::string reason = "key 'convolutions' not found", file = path("bad.json");
  expect_one_line(train("run", {"--conv", file}), 1, reason);
  EXPECT_FALSE(std::filesystem::exists(path("run")));
  expect_one_line(run_falx("bench --conv " + file), 1, reason);
  expect_one_line(run_falx("info cnn --conv " + file), 1, reason);
  expect_one_line(run_falx("info cnn --conv " + path("missing.json")), 1, "missing.json: No such file");
}

TEST_F(FalxConvTune, IsForTrainAndBenchAlone) {
  expect_one_line(run_falx("info cnn --conv tune"), 2, "--conv tune is for train and bench");
  expect_one_line(run_falx("bench --conv auto --conv-choices " + path("c.json")), 2,
                  "--conv-choices is for --conv tune");
  expect_one_line(run_falx("bench --what load --conv tune --images " + path("images")), 2,
                  "--what load runs no network: there is nothing for --conv");
  expect_one_line(run_falx("bench --what infer --precision bf16 --conv tune --conv-choices " + path("c.json")), 2,
                  "--conv-choices keeps choices for --precision f32 alone");
}

TEST_F(FalxConvTune, InfoShowsWhatAFileMakesOfANetwork) {
  const auto stage1 = [&](const std::string& algorithm) {
    const ProgramResult result = run_falx("info cnn --size 32 --conv " + choices_file(algorithm));
    EXPECT_THAT(result.out, testing::ContainsRegex("stage1.block.conv1 +Conv2d [^\n]* " + algorithm + "\n"));
  };
  stage1("direct");
  stage1("winograd-2x2");
}

}  // namespace
