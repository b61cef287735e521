#include "train/data/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "io/files/atomic_file.h"
#include "nn/core/error.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using train::ImageLabels;

train::LabelTable read(const std::string& text, const train::LabelOptions& options = {}) {
  const test::TemporaryDirectory directory;
  io::write_file_atomically(directory / "labels.csv", text);
  return train::read_labels(directory / "labels.csv", options);
}

/// The message without the folder: "labels.csv:3: ...".
std::string error_of(const std::string& text, const train::LabelOptions& options = {}) {
  try {
    read(text, options);
  } catch (const nn::Error& error) {
    const std::string what = error.what();
    return what.substr(what.find("labels.csv"));
  }
  return "";
}

const std::string wide_header = "image,any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural\n";

/// The six rows of one image in the challenge's order; the header is line 1.
std::string rows(const std::string& image, const std::string& epidural = "0", const std::string& any = "0") {
  return image + "_epidural," + epidural + "\n" + image + "_intraparenchymal,0\n" + image + "_intraventricular,0\n" +
         image + "_subarachnoid,0\n" + image + "_subdural,0\n" + image + "_any," + any + "\n";
}

TEST(Labels, ReadTheLongFormInAnyOrder) {
  const train::LabelTable table = read(
      "ID,Label\nID_b_any,1\nID_a_subdural,0\nID_b_subdural,1\nID_a_any,0\nID_a_epidural,0\nID_a_intraparenchymal,0\n"
      "ID_a_intraventricular,0\nID_a_subarachnoid,0\nID_b_epidural,0\nID_b_intraparenchymal,1\n"
      "ID_b_intraventricular,0\nID_b_subarachnoid,0\n");
  EXPECT_THAT(table.ids, ElementsAre("ID_b", "ID_a"));
  EXPECT_EQ(table.rows, 12);
  ASSERT_NE(table.find("ID_b"), nullptr);
  EXPECT_THAT(table.find("ID_b")->value, ElementsAre(1, 0, 1, 0, 0, 1)) << "any first, then alphabetical";
  EXPECT_THAT(table.find("ID_b")->known, testing::Each(true));
  EXPECT_THAT(table.find("ID_a")->value, testing::Each(0));
  EXPECT_EQ(table.find("ID_c"), nullptr);
}

TEST(Labels, ReadTheWideFormByColumnName) {
  const train::LabelTable table =
      read("subdural,image,any,epidural,intraparenchymal,intraventricular,subarachnoid\n1,scans/a 1,1,0,0,0,0\n");
  EXPECT_THAT(table.ids, ElementsAre("scans/a 1"));
  EXPECT_THAT(table.labels[0].value, ElementsAre(1, 0, 0, 0, 0, 1));
}

TEST(Labels, AnEmptyValueIsUnknown) {
  const train::LabelTable table = read(wide_header + "a,1,,0,0,0,0\nb,,,,,,\nc,0,0,0,0,0,\n");
  EXPECT_EQ(table.unknown_values, 8);
  EXPECT_THAT(table.labels[0].known, ElementsAre(true, false, true, true, true, true));
  EXPECT_THAT(table.labels[0].value, ElementsAre(1, 0, 0, 0, 0, 0)) << "any may come from the one not known";
  EXPECT_EQ(table.labels[1], ImageLabels{});
}

TEST(Labels, AMissingRowIsAnErrorOrMasked) {
  const std::string text = "ID,Label\n" + rows("x") + "y_any,1\ny_subdural,1\n";
  EXPECT_EQ(
      error_of(text),
      "labels.csv:8: y has no row for epidural (--missing-labels mask takes it as unknown) (and 3 more problems in "
      "this file)");
  const train::LabelTable table = read(text, {.mask_missing = true});
  EXPECT_EQ(table.missing_rows, 4);
  EXPECT_THAT(table.find("y")->known, ElementsAre(true, false, false, false, false, true));
}

TEST(Labels, SoftLabelsNeedTheirOption) {
  const std::string text = wide_header + "a,0.7,0.25,0,0,0,0\n";
  EXPECT_EQ(error_of(text),
            "labels.csv:2: the label is 0.7, expected 0 or 1 (numbers between need --soft-labels) "
            "(and 1 more problems in this file)");
  const train::LabelTable table = read(text, {.soft_labels = true});
  EXPECT_FLOAT_EQ(table.labels[0].value[0], 0.7F);
  EXPECT_FLOAT_EQ(table.labels[0].value[1], 0.25F);
  EXPECT_THAT(error_of(wide_header + "a,0.2,0.25,0,0,0,0\n", {.soft_labels = true}), HasSubstr("any = 0.2"));
  EXPECT_THAT(read(wide_header + "a,1.0,0.0,1e0,0,0,0\n").labels[0].value, ElementsAre(1, 0, 1, 0, 0, 0));
}

TEST(Labels, IdenticalDuplicatesAreCountedAndConflictsAreErrors) {
  EXPECT_EQ(read("ID,Label\n" + rows("x") + rows("y") + rows("x")).identical_duplicates, 6);
  EXPECT_EQ(read(wide_header + "a,,,,,,\na,,,,,,\n").identical_duplicates, 6);
  EXPECT_EQ(error_of("ID,Label\n" + rows("x") + "x_subdural,1\n"),
            "labels.csv:8: x has two values for subdural: the other stands on line 6");
  EXPECT_EQ(error_of("ID,Label\n" + rows("x") + "x_subdural,\n"),
            "labels.csv:8: x has two values for subdural: the other stands on line 6");
}

TEST(Labels, AnyIsTheOrOfTheFive) {
  EXPECT_EQ(error_of("ID,Label\n" + rows("x") + rows("y", "1", "0")),
            "labels.csv:13: y says any = 0, but one of the five is 1");
  EXPECT_EQ(error_of("ID,Label\n" + rows("x", "0", "1")), "labels.csv:7: x says any = 1, but all of the five are 0");
  EXPECT_EQ(error_of(wide_header + "a,0,,1,0,0,0\n"), "labels.csv:2: a says any = 0, but one of the five is 1");
}

TEST(Labels, RefuseWhatIsNoLabel) {
  EXPECT_EQ(
      error_of("ID,Label\n" + rows("x") + "x_bleeding,1\n"),
      "labels.csv:8: the ID is \"x_bleeding\", expected an image id, _ and a label's name, as in ID_000012eaf_any");
  EXPECT_THAT(error_of("ID,Label\nany,1\n"), HasSubstr("the ID is \"any\""));
  EXPECT_THAT(error_of("ID,Label\n_any,1\n"), HasSubstr("the ID is \"_any\""));
  for (const char* value : {"yes", "2", "-1", "nan", " 1", "0.5x"}) {
    EXPECT_THAT(error_of("ID,Label\n" + rows("x", value)), HasSubstr("labels.csv:2: the label is")) << value;
    EXPECT_THAT(error_of("ID,Label\n" + rows("x", value)), testing::Not(HasSubstr("no row"))) << value;
  }
  EXPECT_THAT(error_of(wide_header + ",0,0,0,0,0,0\n"), HasSubstr("labels.csv:2: the image id is empty"));
  EXPECT_THAT(error_of("id,any\n"), HasSubstr("labels.csv:1: expected the columns"));
  EXPECT_THAT(error_of("image,any,epidural\n"), HasSubstr("expected a column intraparenchymal"));
}

TEST(Labels, ReportTheFirstProblemAndCountTheOthers) {
  EXPECT_THAT(error_of("ID,Label\n" + rows("x", "2") + rows("y", "3") + "z_none,1\n"),
              testing::AllOf(HasSubstr("labels.csv:2:"), EndsWith("(and 2 more problems in this file)")));
}

TEST(Labels, TheChallengesSizeTakesSeconds) {
  std::string text = "ID,Label\n";
  constexpr int images = 752'803;
  for (int i = 0; i < images; ++i) text += rows("ID_" + std::to_string(100'000'000 + i * 1'103LL % 899'999'999));
  const test::TemporaryDirectory directory;
  io::write_file_atomically(directory / "labels.csv", text);
  const auto start = std::chrono::steady_clock::now();
  const train::LabelTable table = train::read_labels(directory / "labels.csv");
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(table.rows, images * 6);
  EXPECT_EQ(table.ids.size(), static_cast<std::size_t>(images));
  RecordProperty("seconds", std::to_string(seconds.count()));
  // Measured: 1.0 s on one core; the bound leaves room for sanitizers and a busy machine.
  EXPECT_LT(seconds.count(), 60);
}

TEST(Labels, SurviveBeingMoved) {
  train::LabelTable table = read("ID,Label\n" + rows("a") + rows("b", "1", "1"));
  const train::LabelTable moved = std::move(table);
  ASSERT_NE(moved.find("b"), nullptr);
  EXPECT_EQ(moved.find("b")->value[1], 1);
}

TEST(Prevalence, CountsKnownValuesOnly) {
  const train::LabelTable table = read(wide_header + "a,1,,0,0,0,1\nb,0,0,0,0,0,0\nc,,,0,,,\n");
  EXPECT_THAT(train::prevalence(table.labels), ElementsAre(0.5, 0, 0, 0, 0, 0.5));
  EXPECT_THAT(train::prevalence({}), testing::Each(0));
}

TEST(Labels, ReadTheFiveLabelledSlicesOfTheChallenge) {
  const auto path = test::shared_data("labels/rsna5_from_filenames_stage2_format.csv");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no labels of the challenge at " << path;
  const train::LabelTable table = train::read_labels(path);
  EXPECT_EQ(table.ids.size(), 5U);
  for (const ImageLabels& labels : table.labels) EXPECT_EQ(labels.value[0], 1);
}

}  // namespace
