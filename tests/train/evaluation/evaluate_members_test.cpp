// An ensemble's predictions.csv against labels: members side by side, and the comparison with the best of them.
#include "train/evaluation/evaluate_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "io/files/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "train/evaluation/evaluate.h"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class EvaluateMembers : public testing::Test {
 protected:
  /// Six images of three patients; member "good" is right with 0.8, "bad" with 0.6, the ensemble with 0.7.
  void SetUp() override {
    std::vector<train::Prediction> rows;
    std::string labels = "image,any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural\n";
    for (int i = 0; i < 6; ++i) {
      const bool positive = i % 2 == 0;
      train::Prediction row;
      row.image = nn::message("i", i);
      row.patient = nn::message("p", i / 2);
      const auto right_with = [&](double p) {
        train::Probabilities all;
        all.fill(positive ? p : 1 - p);
        return all;
      };
      row.probability = right_with(0.7);
      row.by_member = {right_with(0.8), right_with(0.6)};
      rows.push_back(row);
      labels += row.image + (positive ? ",1,1,1,1,1,1\n" : ",0,0,0,0,0,0\n");
    }
    const std::vector<std::string> members = {"good", "bad"};
    train::write_predictions(directory_ / "predictions.csv", rows, members);
    io::write_file_atomically(directory_ / "labels.csv", labels);
  }
  void write_members(const std::string& rows) const {
    io::write_file_atomically(directory_ / "members.csv",
                              "member,network,models,validation_weighted_log_loss,validation_images\n" + rows);
  }
  train::Evaluation run() const {
    return train::evaluate({.predictions = directory_ / "predictions.csv", .labels = directory_ / "labels.csv"});
  }

  test::TemporaryDirectory directory_;
};

TEST_F(EvaluateMembers, EachMemberIsScored) {
  const train::MemberEvaluation members = run().members;
  ASSERT_EQ(members.members.size(), 2U);
  EXPECT_EQ(members.members[0].name, "good");
  EXPECT_NEAR(members.members[0].scores.weighted_log_loss, -std::log(0.8), 1e-9);
  EXPECT_NEAR(members.members[1].scores.weighted_log_loss, -std::log(0.6), 1e-9);
  EXPECT_FALSE(members.comparison) << "no members.csv";
  const std::string table = train::evaluation_table(run());
  EXPECT_THAT(table, HasSubstr("good        0.2231  0.2231"));
  EXPECT_THAT(table, HasSubstr("ensemble    0.3567  0.3567"));
  EXPECT_THAT(table, HasSubstr("best on validation is not known"));
}

TEST_F(EvaluateMembers, TheBestIsChosenOnValidationNotOnTheLabels) {
  write_members("good,cnn,1,0.5,one\nbad,cnn,1,0.4,one\n");
  const train::MemberEvaluation members = run().members;
  ASSERT_TRUE(members.comparison);
  EXPECT_EQ(members.comparison->member, "bad") << "though the other is better on these labels";
  EXPECT_NEAR(members.comparison->interval.difference, std::log(0.6) - std::log(0.7), 1e-9);
  EXPECT_EQ(members.comparison->drawn, "patients");
  EXPECT_EQ(members.comparison->interval.groups, 3);
  EXPECT_THAT(train::evaluation_table(run()),
              HasSubstr("Ensemble minus bad, the best member on validation: -0.1542\n(95% interval -0.1542 to -0.1542; "
                        "2000 resamples of 3 patients)"));
  const json object = json::parse(train::evaluation_json(run()));
  EXPECT_EQ(object["comparison"]["best_member"], "bad");
  EXPECT_EQ(object["comparison"]["resamples"], 2000);
  EXPECT_EQ(object["members"][1]["validation_weighted_log_loss"], 0.4);
  EXPECT_NEAR(object["members"][0]["labels"]["any"]["log_loss"].get<double>(), -std::log(0.8), 1e-9);
}

TEST_F(EvaluateMembers, AnUnknownValidationScoreCouldBeTheBest) {
  write_members("good,cnn,1,0.5,one\nbad,cnn,1,,one\n");
  EXPECT_FALSE(run().members.comparison);
}

TEST_F(EvaluateMembers, SaysWhetherTheValidationScoresAreOfTheSameImages) {
  const auto note = HasSubstr("not known to be of the same images");
  write_members("good,cnn,1,0.5,one\nbad,cnn,1,0.4,one\n");
  EXPECT_THAT(train::evaluation_table(run()), Not(note));
  EXPECT_EQ(json::parse(train::evaluation_json(run()))["comparison"]["same_validation_images"], true);
  write_members("good,cnn,1,0.5,one\nbad,cnn,1,0.4,another\n");
  EXPECT_THAT(train::evaluation_table(run()), note);
  EXPECT_EQ(json::parse(train::evaluation_json(run()))["comparison"]["same_validation_images"], false);
  write_members("good,cnn,1,0.5,\nbad,cnn,1,0.4,\n");
  EXPECT_THAT(train::evaluation_table(run()), note);
  io::write_file_atomically(directory_ / "members.csv",
                            "member,network,models,validation_weighted_log_loss\ngood,cnn,1,0.5\nbad,cnn,1,0.4\n");
  EXPECT_THAT(train::evaluation_table(run()), note) << "an older table";
}

TEST_F(EvaluateMembers, MembersOfOtherPredictionsAreRefused) {
  write_members("good,cnn,1,0.5,one\nother,cnn,1,0.4,one\n");
  EXPECT_THAT(test::error_of([&] { run(); }), HasSubstr("there is no member bad"));
}

TEST_F(EvaluateMembers, OneModelHasNoMembers) {
  write_members("other,cnn,1,0.4,one\n");
  std::vector<train::Prediction> rows(1);
  rows[0].image = "i0";
  train::write_predictions(directory_ / "predictions.csv", rows);
  EXPECT_TRUE(run().members.members.empty());
  EXPECT_THAT(train::evaluation_table(run()), AllOf(Not(HasSubstr("nsemble")), Not(HasSubstr("validation"))));
  EXPECT_FALSE(json::parse(train::evaluation_json(run())).contains("members"));
}

}  // namespace
