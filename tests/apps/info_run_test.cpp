// The program itself: what falx info says of a run and of its files.
#include <nlohmann/json.hpp>

#include "tests/apps/program_test.h"

namespace {

using nlohmann::json;
using test::expect_one_line;
using test::ProgramResult;
using test::run_falx;
using testing::HasSubstr;

class FalxInfoRun : public test::TinyTraining {
 protected:
  void SetUp() override { ASSERT_EQ(train("run", {"--quiet", "--conv", "auto"}).exit_code, 0); }
};

TEST_F(FalxInfoRun, TellsWhatItIsHowFarHowGoodAndThenItsSettings) {
  const ProgramResult result = run_falx("info " + path("run"));
  ASSERT_EQ(result.exit_code, 0) << result.error;
  std::size_t at = 0;
  for (const char* part :
       {"kind ", "network ", "\nhow far it is\n", "epochs done ", "epochs planned ", "\nits best model", "best epoch ",
        "weighted log loss ", "settings that differ", "option images ", "option epochs ", "option batch ",
        "option size ", "settings that are the usual ones", "option model ", "option optimizer ", "option conv ",
        "\nhashes\n", "hash of weights "}) {
    const std::size_t found = result.out.find(part, at);
    ASSERT_NE(found, std::string::npos) << part << "in its place of:\n" << result.out;
    at = found;
  }
}

TEST_F(FalxInfoRun, JsonNamesEveryNumberForWhatItIs) {
  const json facts = json::parse(run_falx("info --json " + path("run")).out);
  EXPECT_EQ(facts["epochs_done"], 1);
  EXPECT_EQ(facts["best_epoch"], 1);
  EXPECT_EQ(facts["hash_of_weights"].get<std::string>().size(), 64U);
  EXPECT_EQ(facts["option_epochs"], "1");
  EXPECT_EQ(facts["option_optimizer"], "adamw");
}

TEST_F(FalxInfoRun, KnowsItsFiles) {
  EXPECT_EQ(json::parse(run_falx("info --json " + path("run/model.safetensors")).out)["kind"], "model of falx");
  EXPECT_EQ(json::parse(run_falx("info --json " + path("run/last.safetensors")).out)["kind"], "checkpoint of falx");
  for (const char* file : {"history.csv", "split.csv", "config.json", "report.html"}) {
    expect_one_line(run_falx("info " + path(std::string("run/") + file)), 1,
                    std::string(file) + ": is part of a run; falx info " + path("run") + " describes it");
  }
}

}  // namespace
