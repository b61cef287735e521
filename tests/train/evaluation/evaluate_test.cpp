#include "train/evaluation/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "io/files/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "tests/train/tiny_network.h"
#include "train/model_file.h"

namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string label_header = "image,any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural\n";
const std::string prediction_header =
    "image,p_any,p_epidural,p_intraparenchymal,p_intraventricular,p_subarachnoid,p_subdural\n";

class Evaluate : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) { io::write_file_atomically(directory_ / name, text); }

  train::Evaluation run(const std::string& predictions = "predictions.csv", const std::string& prior = "") {
    return train::evaluate({.predictions = directory_ / predictions,
                            .labels = directory_ / "labels.csv",
                            .prior = prior.empty() ? std::filesystem::path() : directory_ / prior});
  }

  void SetUp() override {
    write("labels.csv", label_header + "a,1,0,0,0,0,1\nb,0,0,0,0,0,0\nc,1,1,0,0,0,0\nd,0,0,0,0,0,\n");
    write("predictions.csv",
          prediction_header + "b,0.2,0,0,0,0,0.5\na,0.8,0,0,0,0,0.5\nx,0,0,0,0,0,0\nd,0.1,0,0,0,0,1\n");
  }

  test::TemporaryDirectory directory_;
};

TEST_F(Evaluate, ScoresTheImagesThatAreInBothTables) {
  const train::Evaluation evaluation = run();
  EXPECT_EQ(evaluation.scores.images, 3);
  EXPECT_EQ(evaluation.without_labels, 1) << "x";
  EXPECT_EQ(evaluation.without_prediction, 1) << "c";
  const double any = -(std::log(0.8) + std::log(0.8) + std::log(0.9)) / 3;
  EXPECT_NEAR(*evaluation.scores.label[0].log_loss, any, 1e-12);
  EXPECT_NEAR(*evaluation.scores.label[5].log_loss, std::log(2), 1e-12) << "d's subdural is unknown";
  EXPECT_NEAR(evaluation.scores.weighted_log_loss, (2 * any + std::log(2)) / 7, 1e-9);
  EXPECT_EQ(evaluation.scores.label[0].auc, 1);
  EXPECT_EQ(evaluation.scores.label[1].auc, std::nullopt);
  EXPECT_TRUE(evaluation.prior_is_of_evaluated);
  EXPECT_NEAR(evaluation.prior[0], 1.0 / 3, 1e-12);
}

TEST_F(Evaluate, TakesASubmissionToo) {
  std::string rows = "ID,Label\n";
  for (const char* label : {"any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"}) {
    rows += std::string("a_") + label + ",0.5\n";
  }
  write("submission.csv", rows);
  EXPECT_NEAR(run("submission.csv").scores.weighted_log_loss, std::log(2), 1e-12);
}

TEST_F(Evaluate, ScoresThePrevalenceOfTheTrainingPart) {
  write("train.csv", label_header + "t,1,1,0,0,0,0\nu,0,0,0,0,0,0\nv,0,0,0,0,0,0\nw,0,0,0,0,0,0\n");
  const train::Evaluation evaluation = run("predictions.csv", "train.csv");
  EXPECT_FALSE(evaluation.prior_is_of_evaluated);
  EXPECT_EQ(evaluation.prior[0], 0.25);
  EXPECT_NEAR(*evaluation.baseline.label[0].log_loss, -(std::log(0.25) + 2 * std::log(0.75)) / 3, 1e-12);
  EXPECT_THAT(train::evaluation_table(evaluation), HasSubstr("the prevalence of the training part"));
}

TEST_F(Evaluate, SaysIfTheModelWasNotSplitByPatient) {
  test::TinyNetwork network;
  train::ModelDescription description;
  description.architecture = "tiny";
  description.by_patient = false;
  train::write_model(directory_ / "model.safetensors", description, network);
  EXPECT_THAT(train::evaluation_table(run("predictions.csv", "model.safetensors")), HasSubstr("not split by patient"));
  const std::string json_text = train::evaluation_json(run("predictions.csv", "model.safetensors"));
  EXPECT_EQ(json::parse(json_text)["split_by_patient"], false);
  description.by_patient = true;
  train::write_model(directory_ / "model.safetensors", description, network);
  EXPECT_THAT(train::evaluation_table(run("predictions.csv", "model.safetensors")),
              testing::Not(HasSubstr("not split by patient")));
}

TEST_F(Evaluate, RefusesTablesThatDoNotBelongTogether) {
  const auto error_of = [&] { return test::error_of([&] { run(); }); };
  write("predictions.csv", prediction_header + "x,0,0,0,0,0,0\n");
  EXPECT_THAT(error_of(), HasSubstr("no image in common"));
  write("predictions.csv", "a,b\n1,2\n");
  EXPECT_THAT(error_of(), HasSubstr("predictions.csv:1: expected predictions.csv"));
  std::filesystem::remove(directory_ / "predictions.csv");
  EXPECT_THAT(error_of(), HasSubstr("No such file"));
}

TEST_F(Evaluate, TableNamesEverythingThatWasNotScored) {
  const std::string table = train::evaluation_table(run());
  EXPECT_THAT(table, HasSubstr("any                        1        3     0.1839       0.6365   1.0000\n"));
  EXPECT_THAT(table, HasSubstr("epidural                   0        3     0.0000       0.0000        -\n"));
  EXPECT_THAT(table, HasSubstr("1 predictions have no labels"));
  EXPECT_THAT(table, HasSubstr("1 labelled images have no prediction"));
  EXPECT_THAT(table, HasSubstr("the prevalence of the evaluated images"));
}

TEST_F(Evaluate, WritesItsFiles) {
  const train::Evaluation evaluation = run();
  train::write_evaluation(directory_.path(), evaluation);
  const json object = json::parse(io::read_file(directory_ / "evaluation.json"));
  EXPECT_EQ(object["images"], 3);
  EXPECT_EQ(object["weighted_log_loss"], evaluation.scores.weighted_log_loss);
  EXPECT_EQ(object["labels"]["any"]["auc"], 1.0);
  EXPECT_TRUE(object["labels"]["epidural"]["auc"].is_null());
  EXPECT_EQ(object["labels"]["subdural"]["unknown"], 1);
  EXPECT_EQ(object["class_prior"]["prevalence_of"], "the evaluated images");
  EXPECT_THAT(io::read_file(directory_ / "roc.csv"),
              testing::StartsWith(
                  "label,false_positive_rate,true_positive_rate,threshold\nany,0,0,\nany,0,1,0.8\nany,1,1,0.1\n"));
  EXPECT_THAT(io::read_file(directory_ / "calibration.csv"), HasSubstr("\nsubdural,0.5,0.6,2,0.5,0.5\n"));
}

}  // namespace
