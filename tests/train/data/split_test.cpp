#include "train/data/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "io/files/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"

namespace {

using test::error_of;
using testing::HasSubstr;
using train::ImageLabels;
using train::pseudonym;
using train::Split;

/// Images of patients as uneven as the challenge's: 20 to 60 slices, bleeds in runs, epidural rare.
struct Data {
  std::vector<std::string> patients;
  std::vector<ImageLabels> labels;
};

Data make_data(int patients) {
  std::mt19937 random(5);
  Data data;
  for (int p = 0; p < patients; ++p) {
    const auto slices = 20 + random() % 41;
    const bool bleeds = random() % 5 < 2;
    const std::size_t subtype = bleeds ? (random() % 12 == 0 ? 1 : 2 + random() % 4) : 0;
    for (unsigned s = 0; s < slices; ++s) {
      ImageLabels labels;
      labels.known.fill(true);
      if (bleeds && s > slices / 3 && s < 2 * slices / 3) labels.value[0] = labels.value[subtype] = 1;
      data.patients.push_back("patient " + std::to_string(p));
      data.labels.push_back(labels);
    }
  }
  return data;
}

TEST(Split, FoldsArePatientWiseAndEven) {
  const Data data = make_data(200);
  const Split split = train::split_into_folds(data.patients, data.labels, 5);
  EXPECT_EQ(split.fold_of_patient.size(), 200U);
  std::array<std::array<double, 8>, 5> counts = {};
  std::array<double, 8> totals = {};
  for (std::size_t i = 0; i < data.patients.size(); ++i) {
    auto& fold = counts.at(static_cast<std::size_t>(split.fold_of(pseudonym(data.patients[i]))));
    for (std::size_t j = 0; j < 6; ++j) fold[j] += data.labels[i].value[j], totals[j] += data.labels[i].value[j];
    ++fold[6], ++totals[6];
  }
  for (const auto& [patient, fold] : split.fold_of_patient) ++counts[static_cast<std::size_t>(fold)][7], ++totals[7];
  for (std::size_t f = 0; f < 5; ++f) {
    for (std::size_t j = 0; j < 8; ++j) {
      ASSERT_GT(totals[j], 0);
      // Measured: 0.149 to 0.246 for epidural bleeds (few patients), 0.189 to 0.205 for all else.
      EXPECT_NEAR(counts[f][j] / totals[j], 0.2, j == 1 ? 0.06 : 0.012) << "fold " << f << ", feature " << j;
    }
  }
}

TEST(Split, ValidationPartHasItsFraction) {
  const Data data = make_data(100);
  const Split split = train::split_off_validation(data.patients, data.labels, 0.2);
  EXPECT_EQ(split.folds, 2);
  double validation = 0, positives = 0, all_positives = 0;
  for (std::size_t i = 0; i < data.patients.size(); ++i) {
    const bool is_validation = split.fold_of(pseudonym(data.patients[i])) == 0;
    validation += is_validation;
    positives += is_validation * data.labels[i].value[0];
    all_positives += data.labels[i].value[0];
  }
  EXPECT_NEAR(validation / static_cast<double>(data.patients.size()), 0.2, 0.01);
  EXPECT_NEAR(positives / all_positives, 0.2, 0.03);
}

TEST(Split, DependsOnPatientsLabelsAndSeedAlone) {
  const Data data = make_data(60);
  const Split split = train::split_into_folds(data.patients, data.labels, 4, {.seed = 7});
  std::vector<std::size_t> order(data.patients.size());
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  Data shuffled;
  for (const std::size_t i : order) {
    shuffled.patients.push_back(data.patients[i]);
    shuffled.labels.push_back(data.labels[i]);
  }
  EXPECT_EQ(train::split_into_folds(shuffled.patients, shuffled.labels, 4, {.seed = 7}).fold_of_patient,
            split.fold_of_patient);

  const Split other_seed = train::split_into_folds(data.patients, data.labels, 4, {.seed = 8});
  int moved = 0;
  for (const auto& [patient, fold] : split.fold_of_patient) moved += other_seed.fold_of(patient) != fold;
  EXPECT_GT(moved, 20) << "another seed is another split";

  const Split other_key = train::split_into_folds(data.patients, data.labels, 4, {.seed = 7, .id_key = "secret"});
  for (const std::string& patient : data.patients) {
    EXPECT_EQ(other_key.fold_of(pseudonym(patient, "secret")), split.fold_of(pseudonym(patient)));
  }
}

TEST(Split, NoPartIsEmpty) {
  for (int patients = 2; patients <= 6; ++patients) {
    const Data data = make_data(patients);
    const Split folds = train::split_into_folds(data.patients, data.labels, patients);
    std::vector<int> count(static_cast<std::size_t>(patients));
    for (const auto& [patient, fold] : folds.fold_of_patient) ++count.at(static_cast<std::size_t>(fold));
    EXPECT_THAT(count, testing::Each(1));
    for (const double fraction : {0.01, 0.5, 0.99}) {
      const Split two = train::split_off_validation(data.patients, data.labels, fraction);
      int validation = 0;
      for (const auto& [patient, fold] : two.fold_of_patient) validation += fold == 0;
      EXPECT_GE(validation, 1);
      EXPECT_LT(validation, patients);
    }
  }
}

TEST(Split, RefusesWhatCannotBeSplit) {
  const Data data = make_data(3);
  EXPECT_THAT(error_of([&] { train::split_into_folds(data.patients, data.labels, 4); }),
              HasSubstr("4 parts need at least as many patients, there are 3"));
  EXPECT_THAT(error_of([&] { train::split_into_folds(data.patients, data.labels, 1); }), HasSubstr("2 to 1000"));
  EXPECT_THAT(error_of([&] { train::split_off_validation(data.patients, data.labels, 1); }),
              HasSubstr("between 0 and 1"));
  EXPECT_THAT(error_of([&] { train::split_off_validation(data.patients, data.labels, std::nan("")); }),
              HasSubstr("between 0 and 1"));
  const std::vector<std::string> nobody = {"a", ""};
  EXPECT_THAT(error_of([&] { train::split_into_folds(nobody, std::vector<ImageLabels>(2), 2); }),
              HasSubstr("no patient"));
}

TEST(Split, FileReadsBack) {
  const test::TemporaryDirectory directory;
  const Data data = make_data(10);
  const Split split = train::split_into_folds(data.patients, data.labels, 3);
  train::write_split(directory / "split.csv", split);
  const Split read = train::read_split(directory / "split.csv");
  EXPECT_EQ(read.folds, 3);
  EXPECT_EQ(read.fold_of_patient, split.fold_of_patient);
  EXPECT_EQ(train::split_hash(read), train::split_hash(split));
  EXPECT_EQ(io::read_file(directory / "split.csv").find("patient 3"), std::string::npos) << "pseudonyms only";

  Split changed = split;
  changed.fold_of_patient.begin()->second ^= 1;
  EXPECT_NE(train::split_hash(changed), train::split_hash(split));
  EXPECT_THAT(error_of([&] { split.fold_of("unknown"); }), HasSubstr("not in the split"));
}

TEST(Split, RefusesADamagedFile) {
  const test::TemporaryDirectory directory;
  const auto error_with = [&](const std::string& text) {
    io::write_file_atomically(directory / "split.csv", text);
    return error_of([&] { train::read_split(directory / "split.csv"); });
  };
  EXPECT_EQ(error_with("patient,fold\na,0\nb,1\n"), "");
  EXPECT_THAT(error_with("patient,fold\na,0\na,1\n"), HasSubstr("split.csv:3: patient a stands twice"));
  EXPECT_THAT(error_with("patient,fold\na,x\n"), HasSubstr("split.csv:2: expected a whole number"));
  EXPECT_THAT(error_with("patient,fold\na,-1\n"), HasSubstr("expected a fold"));
  EXPECT_THAT(error_with("patient,fold\n,1\n"), HasSubstr("the patient is empty"));
  EXPECT_THAT(error_with("patient,fold\na,0\n"), HasSubstr("at least two folds"));
  EXPECT_THAT(error_with("patient\na\n"), HasSubstr("expected a column fold"));
}

TEST(LeakCheck, NamesWhatIsInBothParts) {
  const std::vector<train::SplitMember> training = {{"i1", "p1", "s1"}, {"i2", "p2", ""}};
  const auto leak = [&](const train::SplitMember& member) {
    const std::vector<train::SplitMember> validation = {{"i9", "p9", ""}, member};
    return error_of([&] { train::check_no_leak(training, validation); });
  };
  EXPECT_EQ(leak({"i3", "p3", "s3"}), "");
  EXPECT_EQ(leak({"i3", "p3", ""}), "") << "empty values are not compared";
  EXPECT_THAT(leak({"i3", "p2", "s3"}), HasSubstr("patient " + pseudonym("p2"))) << "no plain ids";
  EXPECT_THAT(leak({"i3", "p3", "s1"}), HasSubstr("study s1"));
  EXPECT_THAT(leak({"i1", "p3", "s3"}), HasSubstr("image i1"));
}

}  // namespace
