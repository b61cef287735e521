// The program itself: falx evaluate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "io/files/atomic_file.h"
#include "tests/apps/run_falx.h"
#include "tests/support/temporary_directory.h"

namespace {

using nlohmann::json;
using test::ProgramResult;
using testing::HasSubstr;

class FalxEvaluate : public testing::Test {
 protected:
  static ProgramResult run(const std::string& arguments) { return test::run_falx("evaluate " + arguments); }
  std::string file(const std::string& name) const { return (directory_ / name).string(); }
  std::string tables() const { return "--predictions " + file("p.csv") + " --labels " + file("l.csv"); }

  void SetUp() override {
    io::write_file_atomically(directory_ / "l.csv",
                              "image,any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural\n"
                              "a,1,0,0,0,0,1\nb,0,0,0,0,0,0\n");
    io::write_file_atomically(directory_ / "p.csv",
                              "image,p_any,p_epidural,p_intraparenchymal,p_intraventricular,p_subarachnoid,p_subdural\n"
                              "a,0.5,0.5,0.5,0.5,0.5,0.5\nb,0.5,0.5,0.5,0.5,0.5,0.5\n");
  }

  test::TemporaryDirectory directory_;
};

TEST_F(FalxEvaluate, PrintsATable) {
  const ProgramResult result = run(tables());
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.out, HasSubstr("weighted log loss"));
  EXPECT_THAT(result.out, HasSubstr("0.6931"));
  EXPECT_EQ(result.error, "");
}

TEST_F(FalxEvaluate, SaysInWordsThatTheClassPriorIsBetter) {
  EXPECT_THAT(run(tables()).out, HasSubstr("Worse than the class prior"));
  io::write_file_atomically(directory_ / "p.csv",
                            "image,p_any,p_epidural,p_intraparenchymal,p_intraventricular,p_subarachnoid,p_subdural\n"
                            "a,0.9,0,0,0,0,0.9\nb,0.1,0,0,0,0,0.1\n");
  EXPECT_THAT(run(tables()).out, testing::Not(HasSubstr("Worse than")));
}

TEST_F(FalxEvaluate, PrintsOneJsonObject) {
  const ProgramResult result = run(tables() + " --json");
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_NEAR(json::parse(result.out)["weighted_log_loss"].get<double>(), 0.693147, 1e-6);
}

TEST_F(FalxEvaluate, WritesItsFilesAndRefusesToOverwriteThem) {
  EXPECT_EQ(run(tables() + " --out " + file("scores")).exit_code, 0);
  for (const char* name : {"evaluation.json", "roc.csv", "calibration.csv", "report.html"}) {
    EXPECT_TRUE(std::filesystem::exists(directory_ / "scores" / name)) << name;
  }
  EXPECT_EQ(run(tables() + " --out " + file("scores")).exit_code, 2);
  EXPECT_EQ(run(tables() + " --out " + file("scores") + " --overwrite").exit_code, 0);
}

TEST_F(FalxEvaluate, LabelsInThePlaceOfPredictionsAreNoticed) {
  const auto long_form = [](const char* of_any) {
    std::string text = "ID,Label\n";
    for (const std::string image : {"a", "b"}) {
      for (const char* label : {"epidural", "intraparenchymal", "intraventricular", "subarachnoid"}) {
        text += image + "_" + label + ",0\n";
      }
      for (const char* label : {"subdural", "any"})
        text += image + "_" + label + "," + (image == "a" ? of_any : "0") + "\n";
    }
    return text;
  };
  io::write_file_atomically(directory_ / "long.csv", long_form("1"));
  const ProgramResult itself = run("--predictions " + file("long.csv") + " --labels " + file("./long.csv"));
  EXPECT_EQ(itself.exit_code, 2);
  EXPECT_THAT(itself.error, HasSubstr("labels would be scored against themselves"));
  EXPECT_EQ(itself.out, "");
  const ProgramResult copy = run("--predictions " + file("long.csv") + " --labels " + file("l.csv"));
  EXPECT_EQ(copy.exit_code, 0) << copy.error;
  EXPECT_EQ(copy.error,
            "falx evaluate: warning: every value of " + file("long.csv") + " is 0 or 1: is it a file of labels?\n");
  io::write_file_atomically(directory_ / "submission.csv", long_form("0.999"));
  EXPECT_EQ(run("--predictions " + file("submission.csv") + " --labels " + file("l.csv")).error, "");
}

TEST_F(FalxEvaluate, SaysInOneLineWhatIsWrong) {
  const ProgramResult missing = run("--predictions " + file("none.csv") + " --labels " + file("l.csv"));
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_EQ(missing.error, "falx evaluate: cannot read " + file("none.csv") + ": No such file or directory\n");
  EXPECT_EQ(run("--labels " + file("l.csv")).exit_code, 2);
  EXPECT_EQ(run(tables() + " --missing-labels perhaps").exit_code, 2);
  EXPECT_EQ(run(tables() + " --no-such-flag").exit_code, 2);
}

}  // namespace
