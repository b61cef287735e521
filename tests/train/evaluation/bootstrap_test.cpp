// The bootstrap by patients, against the theory of the mean.
#include "train/evaluation/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "nn/core/philox.h"
#include "tests/support/error_of.h"

namespace {

using train::DifferenceInterval;
using train::Probabilities;

/// Two predictors of the label `any` alone; the images of a patient are copies of each other.
struct Case {
  std::vector<Probabilities> a, b;
  std::vector<train::ImageLabels> labels;
  std::vector<std::string> patients;

  Case(int patient_count, int images_each) {
    nn::Random random(11);
    for (int patient = 0; patient < patient_count; ++patient) {
      const double p = 0.3 + 0.6 * static_cast<double>(random.uniform());
      for (int i = 0; i < images_each; ++i) {
        a.push_back({p});
        b.push_back({0.6});
        labels.push_back({.value = {1}, .known = {true}});
        patients.push_back(nn::message("patient", patient));
      }
    }
  }
  DifferenceInterval interval(const train::BootstrapOptions& options = {}) const {
    return train::bootstrap_difference(a, b, labels, patients, options);
  }
};

TEST(Bootstrap, DifferenceIsThatOfTheScores) {
  const Case data(20, 3);
  const double expected =
      train::score(data.a, data.labels).weighted_log_loss - train::score(data.b, data.labels).weighted_log_loss;
  EXPECT_NEAR(data.interval().difference, expected, 1e-13);
  EXPECT_EQ(data.interval().groups, 20);
}

TEST(Bootstrap, IntervalOfAMeanIsThatOfTheory) {
  // One image a patient: the difference is a mean of 400 values, whose interval is +- 1.96 standard errors.
  const Case data(400, 1);
  double sum = 0, squares = 0;
  for (const Probabilities& p : data.a) {
    const double difference = train::log_loss(p[0], 1) - train::log_loss(0.6, 1);
    sum += difference;
    squares += difference * difference;
  }
  const double mean = sum / 400, error = std::sqrt((squares / 400 - mean * mean) / 400);
  const DifferenceInterval interval = data.interval({.resamples = 4000});
  // 4000 resamples know a quantile to some 3 % of a standard error; measured 2 %.
  EXPECT_NEAR(interval.low, mean - 1.96 * error, 0.1 * error);
  EXPECT_NEAR(interval.high, mean + 1.96 * error, 0.1 * error);
}

TEST(Bootstrap, CopiesOfAPatientsImagesSayNothingNew) {
  const DifferenceInterval one = Case(30, 1).interval(), many = Case(30, 8).interval();
  EXPECT_NEAR(one.low, many.low, 1e-12);
  EXPECT_NEAR(one.high, many.high, 1e-12);
  Case by_image(30, 8);
  for (std::size_t i = 0; i < by_image.patients.size(); ++i) by_image.patients[i] = std::to_string(i);
  const DifferenceInterval wrong = by_image.interval();
  EXPECT_LT(wrong.high - wrong.low, 0.5 * (many.high - many.low)) << "drawing images would be too sure";
}

TEST(Bootstrap, SameSeedSameInterval) {
  const Case data(20, 2);
  EXPECT_EQ(data.interval().low, data.interval().low);
  EXPECT_NE(data.interval({.seed = 1}).low, data.interval({.seed = 2}).low);
  Case reversed = data;
  std::reverse(reversed.a.begin(), reversed.a.end());
  std::reverse(reversed.patients.begin(), reversed.patients.end());
  EXPECT_NEAR(data.interval().low, reversed.interval().low, 1e-15) << "whatever the order of the images";
}

TEST(Bootstrap, RefusesLengthsThatDiffer) {
  Case data(4, 1);
  data.b.pop_back();
  EXPECT_THAT(test::error_of([&] { data.interval(); }), testing::HasSubstr("4 and 3 predictions"));
  EXPECT_THAT(test::error_of([&] { train::bootstrap_difference({}, {}, {}, {}); }), testing::HasSubstr("no image"));
}

}  // namespace
