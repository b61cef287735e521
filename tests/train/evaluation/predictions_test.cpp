#include "train/evaluation/predictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "io/files/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "train/data/rejected.h"
#include "train/history.h"

namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using train::Prediction;

Prediction example(const std::string& image, const std::string& study = "S1", const std::string& series = "R1") {
  Prediction row;
  row.image = image;
  row.file = "scans/" + image + ".dcm";
  row.patient = "0123456789abcdef";
  row.study = study;
  row.series = series;
  row.position_mm = -12.5;
  row.order = 3;
  row.probability = {0.9, 0.1, 0.2, 1.0 / 3, 0.4, 0.5};
  row.logit = {2.25, -2, -1.5, -0.7, -0.4, 0};
  return row;
}

TEST(Predictions, ValidationTableReadsBack) {
  const test::TemporaryDirectory directory;
  Prediction first = example("ID_1"), second = example("a,\"b\"");
  first.labels = train::ImageLabels{.value = {1, 0, 0, 1, 0, 0}, .known = {true, true, false, true, true, true}};
  second.position_mm = std::nan("");
  second.labels = train::ImageLabels{};
  train::write_validation_predictions(directory / "p.csv", std::vector{first, second});
  EXPECT_THAT(io::read_file(directory / "p.csv"),
              StartsWith("image,file,patient,study,series,position_mm,order,"
                         "p_any,p_epidural,p_intraparenchymal,p_intraventricular,p_subarachnoid,p_subdural,"
                         "logit_any,logit_epidural,logit_intraparenchymal,logit_intraventricular,logit_subarachnoid,"
                         "logit_subdural,y_any,y_epidural,y_intraparenchymal,y_intraventricular,y_subarachnoid,"
                         "y_subdural\n"
                         "ID_1,scans/ID_1.dcm,0123456789abcdef,S1,R1,-12.5,3,0.9,0.1,0.2,0.333333333,0.4,0.5,"
                         "2.25,-2,-1.5,-0.7,-0.4,0,1,0,,1,0,0\n"));
  const std::vector<Prediction> read = train::read_predictions(directory / "p.csv");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].image, "ID_1");
  EXPECT_EQ(read[0].file, first.file);
  EXPECT_EQ(read[0].position_mm, -12.5);
  EXPECT_EQ(read[0].order, 3);
  EXPECT_EQ(read[0].probability[0], 0.9);
  EXPECT_NEAR(read[0].probability[3], 1.0 / 3, 1e-9);
  EXPECT_EQ(read[0].logit, first.logit);
  EXPECT_EQ(read[0].labels, first.labels);
  EXPECT_EQ(read[1].image, "a,\"b\"");
  EXPECT_TRUE(std::isnan(read[1].position_mm));
  EXPECT_EQ(read[1].labels, train::ImageLabels{});
}

TEST(Predictions, TableOfAnEnsembleHasItsMembers) {
  const test::TemporaryDirectory directory;
  Prediction row = example("ID_1");
  row.context = "none";
  row.by_member = {{0.9, 0.1, 0.2, 0.3, 0.4, 0.5}, {0.8, 0.1, 0.2, 0.3, 0.1, 0.5}};
  EXPECT_DOUBLE_EQ(train::disagreement(row), 0.4 - 0.1);
  const std::vector<std::string> members = {"cnn", "vgg16"};
  train::write_predictions(directory / "p.csv", std::vector{row}, members);
  const std::string text = io::read_file(directory / "p.csv");
  EXPECT_THAT(text, StartsWith("image,file,patient,study,series,position_mm,order,context,p_any,"));
  EXPECT_THAT(text, HasSubstr(",cnn_p_any,cnn_p_epidural,"));
  EXPECT_THAT(text, HasSubstr(",vgg16_p_subdural,disagreement\n"));
  EXPECT_THAT(text, testing::EndsWith(",0.8,0.1,0.2,0.3,0.1,0.5,0.3\n"));
  EXPECT_EQ(train::read_predictions(directory / "p.csv")[0].context, "none");
  const train::PredictionTable table = train::read_prediction_table(directory / "p.csv");
  EXPECT_EQ(table.members, members);
  EXPECT_EQ(table.rows[0].by_member, row.by_member);

  EXPECT_TRUE(std::isnan(train::disagreement(example("x"))));
  train::write_predictions(directory / "one.csv", std::vector{example("x")});
  EXPECT_THAT(io::read_file(directory / "one.csv"), testing::EndsWith(",-0.4,0,\n")) << "one model disagrees with none";
  const std::vector<Prediction> without = {example("x")};
  EXPECT_THAT(error_of([&] { train::write_predictions(directory / "q.csv", without, members); }),
              HasSubstr("expected 2"));
}

TEST(Predictions, RefuseADamagedTable) {
  const test::TemporaryDirectory directory;
  const std::string header = "image,p_subdural,p_any,p_epidural,p_intraparenchymal,p_intraventricular,p_subarachnoid\n";
  const auto error_with = [&](const std::string& text) {
    io::write_file_atomically(directory / "p.csv", text);
    return error_of([&] { train::read_predictions(directory / "p.csv"); });
  };
  EXPECT_EQ(error_with(header + "a,0.5,0,0,0,0,0\n"), "");
  EXPECT_EQ(train::read_predictions(directory / "p.csv")[0].probability[5], 0.5) << "read by name";
  EXPECT_EQ(train::read_predictions(directory / "p.csv")[0].labels, std::nullopt);
  EXPECT_THAT(error_with(header + "a,1.5,0,0,0,0,0\n"),
              HasSubstr("p.csv:2: expected p_subdural from 0 to 1, found 1.5"));
  EXPECT_THAT(error_with(header + "a,nan,0,0,0,0,0\n"), HasSubstr("p.csv:2: expected a number"));
  EXPECT_THAT(error_with(header + "a,0,0,0,0,0,0\na,0,0,0,0,0,0\n"), HasSubstr("p.csv:3: image a stands twice"));
  EXPECT_THAT(error_with("image,p_any\na,0\n"), HasSubstr("expected a column p_epidural"));
}

TEST(Submission, HasTheChallengesRowOrder) {
  const test::TemporaryDirectory directory;
  train::write_submission(directory / "s.csv", std::vector{example("ID_1")});
  EXPECT_EQ(io::read_file(directory / "s.csv"),
            "ID,Label\nID_1_epidural,0.1\nID_1_intraparenchymal,0.2\nID_1_intraventricular,0.333333333\n"
            "ID_1_subarachnoid,0.4\nID_1_subdural,0.5\nID_1_any,0.9\n");
  const std::vector<Prediction> read = train::read_submission(directory / "s.csv");
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].image, "ID_1");
  EXPECT_THAT(read[0].probability, ElementsAre(0.9, 0.1, 0.2, 0.333333333, 0.4, 0.5));
}

TEST(Submission, FollowsATemplate) {
  const test::TemporaryDirectory directory;
  io::write_file_atomically(directory / "t.csv",
                            "ID,Label\nID_9_any,0.5\nID_1_subdural,0.5\nID_1_any,0.5\nID_9_epidural,0.5\n");
  const train::Probabilities prior = {0.14, 0.01, 0.05, 0.04, 0.05, 0.06};
  const std::vector<Prediction> predictions = {example("ID_1"), example("ID_2")};
  const train::TemplateCounts counts =
      train::write_submission(directory / "s.csv", predictions, train::read_template(directory / "t.csv"), prior);
  EXPECT_EQ(io::read_file(directory / "s.csv"),
            "ID,Label\nID_9_any,0.14\nID_1_subdural,0.5\nID_1_any,0.9\nID_9_epidural,0.01\n");
  EXPECT_EQ(counts.images, 2);
  EXPECT_EQ(counts.filled_with_prior, 1);
  EXPECT_EQ(counts.not_in_template, 1);

  io::write_file_atomically(directory / "bad.csv", "ID,Label\nID_1_any,0\nID_1_any,0\n");
  EXPECT_THAT(error_of([&] { train::read_template(directory / "bad.csv"); }),
              HasSubstr("bad.csv:3: ID_1_any stands twice"));
}

TEST(Submission, NeedsSixRowsAnImage) {
  const test::TemporaryDirectory directory;
  const auto error_with = [&](const std::string& rows) {
    io::write_file_atomically(directory / "s.csv", "ID,Label\n" + rows);
    return error_of([&] { train::read_submission(directory / "s.csv"); });
  };
  EXPECT_THAT(error_with("a_any,0.5\n"), HasSubstr("expected a row a_epidural"));
  EXPECT_THAT(error_with("a_any,0.5\na_any,0.5\n"), HasSubstr("s.csv:3: a_any stands twice"));
  EXPECT_THAT(error_with("a_any,2\n"), HasSubstr("s.csv:2: expected a probability"));
  EXPECT_THAT(error_with("a_none,0\n"), HasSubstr("s.csv:2: the ID is \"a_none\""));
}

TEST(Studies, TakeTheMaximumOverSlicesAndNameThem) {
  std::vector<Prediction> slices = {example("i1", "S1", "R1"), example("i2", "S1", "R2"), example("i3", "S2", "R3"),
                                    example("i4", "S1", "R1")};
  slices[0].probability = {0.2, 0.1, 0, 0, 0, 0};
  slices[1].probability = {0.3, 0.0, 0, 0, 0, 0};
  slices[3].probability = {0.1, 0.4, 0, 0, 0, 0};
  std::vector<train::StudyPrediction> studies = train::predict_studies(slices);
  ASSERT_EQ(studies.size(), 5U);
  EXPECT_EQ(studies[0].series, "R1");
  EXPECT_EQ(studies[0].images, 2);
  EXPECT_THAT(studies[0].probability, ElementsAre(0.2, 0.4, 0, 0, 0, 0));
  EXPECT_THAT(studies[0].slice, ElementsAre("i1", "i4", "i1", "i1", "i1", "i1"));
  EXPECT_EQ(studies[1].series, "R2");
  EXPECT_TRUE(studies[2].is_study);
  EXPECT_EQ(studies[2].study, "S1");
  EXPECT_EQ(studies[2].series, "");
  EXPECT_EQ(studies[2].images, 3);
  EXPECT_THAT(studies[2].probability, ElementsAre(0.3, 0.4, 0, 0, 0, 0));
  EXPECT_THAT(studies[2].slice, ElementsAre("i2", "i4", "i1", "i1", "i1", "i1"));
  EXPECT_EQ(studies[4].study, "S2");

  const test::TemporaryDirectory directory;
  studies[0].flags = {"contrast", "thin_slices"};
  train::write_studies(directory / "s.csv", studies);
  const std::string text = io::read_file(directory / "s.csv");
  EXPECT_THAT(text,
              StartsWith("study,series,p_any,p_epidural,p_intraparenchymal,p_intraventricular,p_subarachnoid,"
                         "p_subdural,slice_any,slice_epidural,slice_intraparenchymal,slice_intraventricular,"
                         "slice_subarachnoid,slice_subdural,images,flags,rule\n"
                         "S1,R1,0.2,0.4,0,0,0,0,i1,i4,i1,i1,i1,i1,2,contrast thin_slices,maximum over the slices\n"));
  EXPECT_THAT(text, HasSubstr("S1,,0.3,0.4,0,0,0,0,i2,i4,i1,i1,i1,i1,3,,maximum over all slices of the study\n"));
}

TEST(Rejected, IsATableSortedByFile) {
  const test::TemporaryDirectory directory;
  using Kind = io::RejectedFile::Kind;
  const std::vector<io::RejectedFile> files = {{"z.dcm", Kind::rejected, "truncated", "153710 of 524288 bytes"},
                                               {"a,b.dcm", Kind::skipped, "localizer", "a scout"}};
  train::write_rejected(directory / "r.csv", files);
  EXPECT_EQ(io::read_file(directory / "r.csv"),
            "file,kind,code,detail\n\"a,b.dcm\",skipped,localizer,a scout\n"
            "z.dcm,rejected,truncated,153710 of 524288 bytes\n");
  train::write_rejected(directory / "r.csv", {});
  EXPECT_EQ(io::read_file(directory / "r.csv"), "file,kind,code,detail\n");
}

train::HistoryRow history_row() {
  return {.epoch = 2,
          .train_loss = 0.125,
          .validation_loss = 0.25,
          .weighted_log_loss = 0.2,
          .class_prior = 0.5,
          .auc = {0.9, std::nullopt, 0.75, 0.5, 0.5, 1.0},
          .learning_rate = 1e-3,
          .images_per_second = 80,
          .seconds = 12.5};
}

TEST(History, IsATableThatReadsBack) {
  const test::TemporaryDirectory directory;
  train::HistoryRow diverged = history_row();
  diverged.train_loss = std::numeric_limits<double>::infinity();
  train::write_history(directory / "h.csv", std::vector{history_row(), diverged});
  EXPECT_THAT(io::read_file(directory / "h.csv"),
              StartsWith("epoch,train_loss,validation_loss,weighted_log_loss,class_prior,auc_any,auc_epidural,"
                         "auc_intraparenchymal,auc_intraventricular,auc_subarachnoid,auc_subdural,learning_rate,"
                         "images_per_second,seconds\n2,0.125,0.25,0.2,0.5,0.9,,0.75,0.5,0.5,1,0.001,80,12.5\n2,,0.25"));
  const std::vector<train::HistoryRow> read = train::read_history(directory / "h.csv");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].epoch, 2);
  EXPECT_EQ(read[0].auc, history_row().auc);
  EXPECT_EQ(read[0].seconds, 12.5);
  EXPECT_TRUE(std::isnan(read[1].train_loss));
}

TEST(History, IsOneJsonObjectAnEpoch) {
  EXPECT_EQ(
      train::history_json(history_row()),
      R"({"epoch":2,"train_loss":0.125,"validation_loss":0.25,"weighted_log_loss":0.2,"class_prior":0.5,)"
      R"("auc_any":0.9,"auc_epidural":null,"auc_intraparenchymal":0.75,"auc_intraventricular":0.5,)"
      R"("auc_subarachnoid":0.5,"auc_subdural":1.0,"learning_rate":0.001,"images_per_second":80.0,"seconds":12.5})");
}

}  // namespace
