// The program itself: --conv, FALX_CONV, and where it says which algorithm computes a layer.
#include <nlohmann/json.hpp>
#include <set>

#include "tests/apps/program_test.h"
#include "tests/support/environment.h"

namespace {

using nlohmann::json;
using test::Environment;
using test::expect_one_line;
using test::ProgramResult;
using test::run_falx;

/// What `falx info MODEL` says of every convolution and pass.
std::multiset<std::string> algorithms_of(const std::string& arguments) {
  const ProgramResult result = run_falx("info --json --size 64 " + arguments);
  EXPECT_EQ(result.exit_code, 0) << result.error;
  std::multiset<std::string> found;
  for (const std::string& line : result.lines()) {
    const json layer = json::parse(line);
    if (layer.value("kind", "") != "Conv2d") continue;
    for (const char* pass : {"forward", "backward_data", "backward_weights"}) found.insert(layer["algorithms"][pass]);
  }
  return found;
}

TEST(FalxConv, InfoNamesTheAlgorithmOfEveryConvolution) {
  const auto automatic = algorithms_of("cnn --conv auto"), direct = algorithms_of("cnn --conv direct"),
             small = algorithms_of("cnn --conv winograd-2x2");
  EXPECT_GT(direct.size(), 10U);
  EXPECT_EQ(direct.count("direct"), direct.size());
  EXPECT_GT(small.count("winograd-2x2"), automatic.count("winograd"));
  EXPECT_GT(small.count("direct"), 0U) << "some are not 3x3 with stride 1";
  EXPECT_GT(automatic.count("winograd"), 0U);
  EXPECT_GT(automatic.count("direct"), 0U) << "the first reads three channels";
}

TEST(FalxConv, TheTableForPeopleHasIt) {
  const ProgramResult result = run_falx("info vgg16 --size 64 --conv winograd");
  EXPECT_THAT(result.out, testing::ContainsRegex("features.0 +Conv2d .* winograd\n"));
  EXPECT_THAT(run_falx("bench --model cnn --size 32 --batch 1 --seconds 0 --what ops --conv direct").out,
              testing::ContainsRegex("Conv2d .* GMAC/s  direct\n"));
}

TEST(FalxConv, InfoNamesTheOneInForceAndTheOthers) {
  const Environment environment("FALX_CONV", "direct");
  const json facts = json::parse(run_falx("info --json").out),
             forced = json::parse(run_falx("info --json --conv auto").out);
  EXPECT_EQ(facts["conv"], "direct");
  EXPECT_EQ(forced["conv"], "auto") << "the command line before the environment";
  EXPECT_THAT(facts["conv_available"], testing::IsSupersetOf({"auto", "winograd", "winograd-2x2", "direct"}));
}

TEST(FalxConv, AnUnknownAlgorithmIsRefusedWithTheChoices) {
  expect_one_line(run_falx("bench --conv fft"), 2, "direct");
  const Environment environment("FALX_CONV", "fft");
  expect_one_line(run_falx("info"), 2, "FALX_CONV is one of auto, winograd");
}

class FalxTrainConv : public test::TinyTraining {};

TEST_F(FalxTrainConv, TheRunKeepsItSoThatTheSameSeedGivesTheSameBytes) {
  ASSERT_EQ(train("option", {"--conv", "direct", "--quiet"}).exit_code, 0);
  {
    const Environment environment("FALX_CONV", "direct");
    ASSERT_EQ(train("environment", {"--quiet"}).exit_code, 0);
  }
  {
    const Environment environment("FALX_CONV", "winograd");
    ASSERT_EQ(train("config", {"--config", path("option/config.json"), "--quiet"}).exit_code, 0);
  }
  ASSERT_EQ(train("winograd", {"--conv", "winograd", "--quiet"}).exit_code, 0);
  for (const char* run : {"environment", "config"}) {
    EXPECT_EQ(json::parse(bytes(std::string(run) + "/config.json"))["conv"], "direct") << run;
    EXPECT_TRUE(bytes(std::string(run) + "/model.safetensors") == bytes("option/model.safetensors")) << run;
  }
  EXPECT_FALSE(bytes("winograd/model.safetensors") == bytes("option/model.safetensors"));
}

TEST_F(FalxTrainConv, AResumedRunGoesOnWithIt) {
  ASSERT_EQ(train("run", {"--conv", "winograd-2x2", "--quiet"}).exit_code, 0);
  const Environment environment("FALX_CONV", "direct");
  EXPECT_EQ(resume("run", {"--epochs", "2", "--quiet"}).exit_code, 0);
  EXPECT_EQ(json::parse(bytes("run/config.json"))["conv"], "winograd-2x2");
  expect_one_line(resume("run", {"--epochs", "3", "--conv", "direct"}), 2,
                  "--conv \"direct\": the run was started with \"winograd-2x2\"");
}

}  // namespace
