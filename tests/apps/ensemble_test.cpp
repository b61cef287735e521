// The program itself: falx ensemble, and falx predict and falx evaluate with what it makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/files/csv.h"
#include "io/phantom/dataset.h"
#include "tests/apps/program_test.h"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::ProgramResult;
using test::RunningFalx;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Synthetic slices, and three recipes trained on them for an epoch: `a` and `b` with one split, and the two folds of
/// `folds`. Made once for all tests.
class FalxEnsemble : public test::ProgramTest {
 protected:
  static void SetUpTestSuite() {
    made_ = new test::TemporaryDirectory;
    io::phantom::write_phantom_dataset(
        {.out = *made_ / "data", .patients = 6, .test_patients = 3, .slices = 4, .size = 64});
    train("a", {"--model", "cnn", "--size", "32"});
    train("b", {"--model", "cnn-2019", "--size", "24", "--input", "slices"});
    train("folds-0", {"--model", "cnn", "--size", "48", "--folds", "2", "--fold", "0"});
    train("folds-1", {"--model", "cnn", "--size", "48", "--folds", "2", "--fold", "1"});
  }
  static void TearDownTestSuite() {
    delete made_;
    made_ = nullptr;
  }
  static void train(const std::string& name, std::vector<std::string> more) {
    more.insert(more.begin(),
                {"train", "--images", made("data/stage_2_train"), "--labels", made("data/stage_2_train.csv"), "--out",
                 made(name), "--epochs", "1", "--batch", "8", "--quiet"});
    const ProgramResult result = RunningFalx(more).wait();
    if (result.exit_code != 0) throw std::runtime_error(result.error);
  }

  static std::string made(const std::string& name) { return (*made_ / name).string(); }

  /// Runs made() before are given by their names, others by their paths.
  ProgramResult ensemble(const std::vector<std::string>& runs, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"ensemble", "--out", path("ensemble"), "--quiet"};
    for (const std::string& run : runs) {
      arguments.insert(arguments.end(), {"--run", run.find('/') == std::string::npos ? made(run) : run});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunningFalx(arguments).wait();
  }
  ProgramResult predict(const std::vector<std::string>& models, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"predict", "--input",   made("data/stage_2_test"),
                                          "--out",   path("out"), "--quiet"};
    for (const std::string& model : models) arguments.insert(arguments.end(), {"--model", model});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunningFalx(arguments).wait();
  }
  std::vector<double> numbers(const std::string& file, const std::string& name) const {
    std::vector<double> values;
    for (io::CsvReader csv(directory_ / file); csv.next();) values.push_back(csv.number(csv.column(name)));
    return values;
  }

  inline static test::TemporaryDirectory* made_ = nullptr;
};

TEST_F(FalxEnsemble, JoinsRunsAndPredictsWhereverItIsMoved) {
  const ProgramResult made_it = ensemble({"a", "b"});
  EXPECT_EQ(made_it.exit_code, 0) << made_it.error;
  EXPECT_THAT(made_it.out, AllOf(HasSubstr("weight of any"), HasSubstr("cross-fitted"), HasSubstr("2 members")));
  const json description = json::parse(io::read_file(directory_ / "ensemble/ensemble.json"));
  double sum = 0;
  for (const json& member : description["members"]) sum += member["weights"]["any"].get<double>();
  EXPECT_NEAR(sum, 1, 1e-12);

  fs::rename(directory_ / "ensemble", directory_ / "moved");
  const ProgramResult predicted = predict({path("moved")}, {"--ensemble", "fitted"});
  EXPECT_EQ(predicted.exit_code, 0) << predicted.error;
  EXPECT_THAT(predicted.out, HasSubstr("2 members (fitted); disagreement"));
  const double weight = description["members"][0]["weights"]["any"];
  const ProgramResult info = test::run_falx("info --json " + path("moved"));
  EXPECT_EQ(json::parse(info.out)["kind"], "ensemble") << info.error;
  EXPECT_EQ(json::parse(info.out)["weight_of_a_for_any"].get<double>(), weight);
  EXPECT_THAT(json::parse(info.out)["fitted_weights"].get<std::string>(),
              description["rule"] == "fitted" ? HasSubstr("by this rule") : HasSubstr("not used by this rule"));
  const auto a = numbers("out/predictions.csv", "a_p_any"), b = numbers("out/predictions.csv", "b_p_any"),
             both = numbers("out/predictions.csv", "p_any"), apart = numbers("out/predictions.csv", "disagreement");
  ASSERT_FALSE(both.empty());
  for (std::size_t i = 0; i < both.size(); ++i) {
    EXPECT_NEAR(both[i], weight * a[i] + (1 - weight) * b[i], 1e-8);
    EXPECT_GE(apart[i], std::abs(a[i] - b[i]) - 1e-8);
  }
  EXPECT_THAT(io::read_file(directory_ / "out/report.html"), HasSubstr("The members are furthest apart"));
}

TEST_F(FalxEnsemble, UsesTheWayThatIsBestOnPatientsItWasNotFittedOn) {
  const ProgramResult made_it = ensemble({"a", "b"}, {"--json"});
  ASSERT_EQ(made_it.exit_code, 0) << made_it.error;
  const json object = json::parse(made_it.out);
  const double mean = object["weighted_log_loss"]["mean"], logit_mean = object["weighted_log_loss"]["logit_mean"],
               cross_fitted = object["weighted_log_loss"]["cross_fitted"];
  const std::string best = mean <= std::min(logit_mean, cross_fitted) ? "mean"
                           : logit_mean <= cross_fitted               ? "logit-mean"
                                                                      : "fitted";
  EXPECT_EQ(object["rule"], best) << made_it.out;
  EXPECT_EQ(json::parse(io::read_file(directory_ / "ensemble/ensemble.json"))["rule"], best);
  EXPECT_THAT(predict({path("ensemble")}).out, HasSubstr("2 members (" + best + ")"));
  for (const char* way : {"mean", "logit-mean", "fitted"}) {
    EXPECT_THAT(predict({path("ensemble")}, {"--ensemble", way, "--overwrite"}).out,
                HasSubstr(std::string("2 members (") + way + ")"));
  }
  expect_one_line(predict({made("a"), made("b")}, {"--ensemble", "fitted", "--overwrite"}), 2,
                  "--ensemble fitted needs weights");
  EXPECT_THAT(ensemble({"a", "b"}, {"--overwrite"}).out, HasSubstr("<- what falx predict does with it"));
}

TEST_F(FalxEnsemble, EvaluateSaysWhenValidationScoresAreOfDifferentImages) {
  ASSERT_EQ(predict({made("a"), made("folds-0")}).exit_code, 0);
  const ProgramResult table = test::run_falx("evaluate --predictions " + path("out/predictions.csv") + " --labels " +
                                             made("data/stage_2_test_labels.csv"));
  EXPECT_THAT(table.out, HasSubstr("not known to be of the same images")) << table.error;
}

TEST_F(FalxEnsemble, EvaluateShowsMembersAndTheIntervalOfTheDifference) {
  ASSERT_EQ(predict({made("a"), made("b")}, {"--ensemble", "mean"}).exit_code, 0);
  const std::string evaluate =
      "evaluate --predictions " + path("out/predictions.csv") + " --labels " + made("data/stage_2_test_labels.csv");
  const ProgramResult table = test::run_falx(evaluate + " --prior " + made("a"));
  EXPECT_EQ(table.exit_code, 0) << table.error;
  EXPECT_THAT(table.out, AllOf(HasSubstr("\na "), HasSubstr("\nb "), HasSubstr("\nensemble "),
                               HasSubstr("the best member on validation"), Not(HasSubstr("of the same images"))));
  const json object = json::parse(test::run_falx(evaluate + " --json --seed 3").out);
  EXPECT_EQ(object["members"].size(), 2U);
  EXPECT_EQ(object["comparison"]["seed"], 3);
  EXPECT_LE(object["comparison"]["interval"][0].get<double>(), object["comparison"]["difference"].get<double>());
  const double best = std::min(object["members"][0]["validation_weighted_log_loss"].get<double>(),
                               object["members"][1]["validation_weighted_log_loss"].get<double>());
  for (const json& member : object["members"]) {
    if (member["name"] == object["comparison"]["best_member"]) {
      EXPECT_EQ(member["validation_weighted_log_loss"], best);
    }
  }
}

TEST_F(FalxEnsemble, RulesAndViewsAreChosenAtPrediction) {
  ASSERT_EQ(ensemble({"a", "b"}, {"--tta", "flip"}).exit_code, 0);
  ASSERT_EQ(predict({path("ensemble")}, {"--ensemble", "logit-mean", "--tta", "none"}).exit_code, 0);
  const auto a = numbers("out/predictions.csv", "a_p_any"), b = numbers("out/predictions.csv", "b_p_any"),
             both = numbers("out/predictions.csv", "p_any");
  const auto logit = [](double p) { return std::log(p / (1 - p)); };
  for (std::size_t i = 0; i < both.size(); ++i) {
    EXPECT_NEAR(logit(both[i]), (logit(a[i]) + logit(b[i])) / 2, 1e-6);
  }
  ASSERT_EQ(predict({path("ensemble")}, {"--overwrite"}).exit_code, 0);
  EXPECT_NE(numbers("out/predictions.csv", "a_p_any"), a) << "flipped, as the ensemble says";
}

TEST_F(FalxEnsemble, FoldsAreOneMember) {
  const ProgramResult result = ensemble({"folds-0", "folds-1"}, {"--json"});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  const json object = json::parse(result.out);
  ASSERT_EQ(object["members"].size(), 1U);
  EXPECT_EQ(object["members"][0]["name"], "folds");
  EXPECT_EQ(object["members"][0]["models"], 2);
  EXPECT_TRUE(fs::exists(directory_ / "ensemble/members/folds-fold1.safetensors"));
  EXPECT_EQ(predict({path("ensemble")}).exit_code, 0);
}

TEST_F(FalxEnsemble, DataThatAMemberTrainedOnIsRefused) {
  expect_one_line(ensemble({"a", "folds-0", "folds-1"}), 1, "cannot be used for fitting");
  EXPECT_FALSE(fs::exists(directory_ / "ensemble"));
}

TEST_F(FalxEnsemble, BadRunsAreOneLineEach) {
  fs::copy(*made_ / "b", directory_ / "half");
  fs::remove(directory_ / "half/split.csv");
  expect_one_line(ensemble({"a", path("half")}), 1, "half is no finished run: split.csv is missing");
  expect_one_line(ensemble({"a", path("absent")}), 1, "no such run directory");
  expect_one_line(ensemble({"a", "a"}), 1, "the same recipe");
  expect_one_line(ensemble({"a"}), 2, "at least two --run");
  fs::copy(*made_ / "b", directory_ / "a");
  expect_one_line(ensemble({"a", path("a")}), 1, "two members would be called a");
  expect_one_line(predict({made("a"), path("a")}), 1, "two members are called a");
  EXPECT_FALSE(fs::exists(directory_ / "ensemble"));
}

TEST_F(FalxEnsemble, OverwriteRemovesOnlyItsOwnModels) {
  fs::create_directories(directory_ / "ensemble/members/family");
  std::ofstream(directory_ / "ensemble/members/family/photo") << "mine";
  expect_one_line(ensemble({"a", "b"}, {"--overwrite"}), 1, "members/family: is none of the ensemble's models");
  EXPECT_EQ(bytes("ensemble/members/family/photo"), "mine");
  fs::remove_all(directory_ / "ensemble");
  ASSERT_EQ(ensemble({"a", "b"}).exit_code, 0);
  std::ofstream(directory_ / "ensemble/members/a.safetensors") << "no model";
  expect_one_line(ensemble({"a", "b"}, {"--overwrite"}), 2, "a.safetensors: is not what this command writes");
}

TEST_F(FalxEnsemble, DamagedEnsemblesAreOneLineEach) {
  ASSERT_EQ(ensemble({"a", "b"}).exit_code, 0);
  expect_one_line(predict({path("ensemble"), made("a")}), 2, "give it as the only --model");
  fs::copy_file(*made_ / "folds-0/model.safetensors", directory_ / "ensemble/members/a.safetensors",
                fs::copy_options::overwrite_existing);
  expect_one_line(predict({path("ensemble")}), 1, "members/a.safetensors is not the model");
  fs::remove(directory_ / "ensemble/members/a.safetensors");
  expect_one_line(predict({path("ensemble")}), 1, "members/a.safetensors is missing");
  EXPECT_FALSE(fs::exists(directory_ / "out"));
  EXPECT_EQ(ensemble({"a", "b"}).exit_code, 2) << "not empty";
  EXPECT_EQ(ensemble({"a", "b"}, {"--overwrite"}).exit_code, 0);
  EXPECT_EQ(predict({path("ensemble")}).exit_code, 0);
}

}  // namespace
