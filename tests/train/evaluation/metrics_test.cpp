#include "train/evaluation/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "nn/core/error.h"

namespace {

using testing::ElementsAre;
using train::ImageLabels;
using train::LabelledProbability;
using train::Probabilities;

ImageLabels known(const std::array<float, 6>& value) {
  return {.value = value, .known = {true, true, true, true, true, true}};
}

/// The label sets of the challenge's stage 1, scaled by nothing: 674,262 of them with these positives.
constexpr std::array<int, 6> stage1_positives = {97'103, 2'761, 32'564, 23'766, 32'122, 42'496};
constexpr int stage1_images = 674'262;

std::vector<ImageLabels> stage1_labels() {
  std::vector<ImageLabels> labels(stage1_images, known({}));
  for (std::size_t j = 0; j < 6; ++j) {
    for (int i = 0; i < stage1_positives[j]; ++i) labels[static_cast<std::size_t>(i)].value[j] = 1;
  }
  return labels;
}

TEST(Metrics, GiveTheKnownValuesOfTheChallenge) {
  const std::vector<ImageLabels> labels = stage1_labels();
  const Probabilities half = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
  EXPECT_NEAR(train::score_class_prior(half, labels).weighted_log_loss, 0.693147, 5e-7);

  const Probabilities prior = train::prevalence(labels);
  EXPECT_NEAR(prior[0], 0.1440, 5e-5);
  const train::Scores scores = train::score_class_prior(prior, labels);
  EXPECT_NEAR(scores.weighted_log_loss, 0.231955, 5e-7);
  EXPECT_NEAR(scores.mean_log_loss, 0.201917, 5e-7);
  EXPECT_EQ(scores.images, stage1_images);

  double negatives = 0;
  for (std::size_t j = 0; j < 6; ++j) {
    EXPECT_EQ(scores.label[j].positives, stage1_positives[j]);
    EXPECT_EQ(scores.label[j].auc, 0.5) << "a constant ranks nothing";
    negatives += static_cast<double>(scores.label[j].negatives);
  }
  EXPECT_NEAR(100 * negatives / (6.0 * stage1_images), 94.2947, 5e-5) << "\"never\" is right so often";
}

TEST(Metrics, AnyCountsTwice) {
  const std::vector<ImageLabels> labels = {known({1, 0, 0, 0, 0, 0})};
  const std::vector<Probabilities> predictions = {{0.25, 0.5, 0.5, 0.5, 0.5, 0.5}};
  const train::Scores scores = train::score(predictions, labels);
  EXPECT_DOUBLE_EQ(scores.weighted_log_loss, (2 * std::log(4) + 5 * std::log(2)) / 7);
  EXPECT_DOUBLE_EQ(scores.mean_log_loss, (std::log(4) + 5 * std::log(2)) / 6);
}

TEST(Metrics, ProbabilitiesAreClippedInDoublePrecision) {
  EXPECT_NEAR(train::log_loss(0, 1), -std::log(1e-15), 1e-12);
  EXPECT_NEAR(train::log_loss(1, 0), 34.539, 0.01) << "1 - 1e-15 is a double, and no float";
  EXPECT_LT(train::log_loss(1, 1), 1.2e-15);
  EXPECT_GT(train::log_loss(1, 1), 0);
  EXPECT_DOUBLE_EQ(train::log_loss(0.25, 0.25), -(0.25 * std::log(0.25) + 0.75 * std::log(0.75)));
}

TEST(Metrics, UnknownLabelsAreMasked) {
  std::vector<ImageLabels> labels = {known({1, 0, 0, 0, 0, 1}), known({0, 0, 0, 0, 0, 0}), ImageLabels{}};
  labels[1].known[0] = false;
  for (ImageLabels& image : labels) image.known[1] = false;
  const std::vector<Probabilities> predictions(3, {0.5, 0.1, 0.5, 0.5, 0.5, 0.5});
  const train::Scores scores = train::score(predictions, labels);
  EXPECT_EQ(scores.label[0].known(), 1);
  EXPECT_EQ(scores.label[0].unknown, 2);
  EXPECT_EQ(scores.label[1].log_loss, std::nullopt);
  EXPECT_EQ(scores.label[1].auc, std::nullopt);
  EXPECT_DOUBLE_EQ(scores.weighted_log_loss, std::log(2)) << "the weights are those of the labels that are known";
  EXPECT_TRUE(std::isnan(train::score({}, {}).weighted_log_loss));
}

TEST(Metrics, RefuseWhatIsNoProbability) {
  const std::vector<ImageLabels> labels = {known({})};
  for (const double p : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    const std::vector<Probabilities> predictions = {{p, 0, 0, 0, 0, 0}};
    EXPECT_THROW(train::score(predictions, labels), nn::Error) << p;
  }
  EXPECT_THROW(train::score(std::vector<Probabilities>(2), labels), nn::Error);
}

/// Random pairs from a generator that is easily repeated elsewhere: x <- (1103515245 x + 12345) mod 2^31, from 42.
/// Labels are positive in about 30 of 100; scores have `levels` distinct values before the label is mixed in.
std::vector<LabelledProbability> random_pairs(int count, std::int64_t levels, double scale) {
  std::vector<std::int64_t> x(2 * static_cast<std::size_t>(count));
  std::int64_t state = 42;
  for (std::int64_t& value : x) value = state = (1103515245 * state + 12345) % (std::int64_t{1} << 31);
  std::vector<LabelledProbability> pairs;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const double y = (x[i] >> 8) % 100 < 30 ? 1 : 0;
    const std::int64_t noise = x[i + static_cast<std::size_t>(count)];
    const double s = static_cast<double>((noise >> 8) % levels) / scale;
    pairs.push_back({std::clamp(0.7 * s + 0.3 * y * static_cast<double>((noise >> 16) % 7) / 7, 0.0, 1.0), y});
  }
  return pairs;
}

double mean_log_loss(const std::vector<LabelledProbability>& pairs) {
  double sum = 0;
  for (const LabelledProbability& pair : pairs) sum += train::log_loss(pair.probability, pair.label);
  return sum / static_cast<double>(pairs.size());
}

TEST(RocAuc, AgreesWithScikitLearn) {
  // sklearn.metrics.roc_auc_score and log_loss 1.2.1 on the same pairs.
  const auto continuous = random_pairs(1000, std::int64_t{1} << 31, 1 << 23);
  EXPECT_NEAR(*train::roc_auc(continuous), 0.6800055800235159, 1e-13);
  EXPECT_NEAR(mean_log_loss(continuous), 0.5863570172474972, 1e-13);
  const auto tied = random_pairs(1000, 20, 20);
  EXPECT_NEAR(*train::roc_auc(tied), 0.622229916897507, 1e-13);
  EXPECT_NEAR(mean_log_loss(tied), 0.6437078884690149, 1e-13);
  const auto small = random_pairs(57, 5, 5);
  EXPECT_NEAR(*train::roc_auc(small), 0.5990853658536586, 1e-13);
  EXPECT_NEAR(mean_log_loss(small), 0.6365813372293041, 1e-13);
}

TEST(RocAuc, IsEmptyWithoutBothClasses) {
  const std::vector<LabelledProbability> positives = {{0.2, 1}, {0.9, 1}}, negatives = {{0.2, 0}};
  EXPECT_EQ(train::roc_auc(positives), std::nullopt);
  EXPECT_EQ(train::roc_auc(negatives), std::nullopt);
  EXPECT_EQ(train::roc_auc({}), std::nullopt);
  EXPECT_TRUE(train::roc_curve(positives).empty());
  EXPECT_TRUE(train::roc_curve({}).empty());
}

TEST(RocAuc, CountsTiesAHalf) {
  const std::vector<LabelledProbability> pairs = {{0.5, 1}, {0.5, 0}, {0.5, 0}, {0.1, 0}};
  EXPECT_DOUBLE_EQ(*train::roc_auc(pairs), (0.5 + 0.5 + 1) / 3);
  const std::vector<LabelledProbability> best = {{0.9, 1}, {0.1, 0}}, worst = {{0.1, 1}, {0.9, 0}};
  EXPECT_EQ(train::roc_auc(best), 1);
  EXPECT_EQ(train::roc_auc(worst), 0);
  const std::vector<LabelledProbability> soft = {{0.9, 0.7}, {0.1, 0.4}};
  EXPECT_EQ(train::roc_auc(soft), 1) << "soft labels count as positive from 0.5 on";
}

TEST(RocCurve, AreaBelowItIsTheAuc) {
  for (const auto& pairs : {random_pairs(1000, std::int64_t{1} << 31, 1 << 23), random_pairs(57, 5, 5)}) {
    const auto curve = train::roc_curve(pairs);
    double area = 0;
    for (std::size_t i = 1; i < curve.size(); ++i) {
      const double width = curve[i].false_positive_rate - curve[i - 1].false_positive_rate;
      area += width * (curve[i].true_positive_rate + curve[i - 1].true_positive_rate) / 2;
      EXPECT_GE(width, 0);
      EXPECT_LT(curve[i].threshold, curve[i - 1].threshold);
    }
    EXPECT_EQ(curve.front().true_positive_rate, 0);
    EXPECT_EQ(curve.back().false_positive_rate, 1);
    EXPECT_EQ(curve.back().true_positive_rate, 1);
    EXPECT_NEAR(area, *train::roc_auc(pairs), 1e-12);
  }
}

TEST(RocCurve, LeavesOutPointsOnAStraightLine) {
  const std::vector<LabelledProbability> pairs = {{0.9, 1}, {0.8, 1}, {0.7, 1}, {0.3, 0}, {0.2, 0}};
  const auto curve = train::roc_curve(pairs);
  ASSERT_EQ(curve.size(), 3U);
  EXPECT_EQ(curve[1].false_positive_rate, 0);
  EXPECT_EQ(curve[1].true_positive_rate, 1);
  EXPECT_EQ(curve[1].threshold, 0.7) << "at this threshold all three are called positive";
}

TEST(Calibration, ComparesPromiseAndFindingPerBin) {
  const std::vector<LabelledProbability> pairs = {{0, 0}, {0.05, 0}, {0.1, 1}, {0.95, 1}, {1, 0}, {1, 1}};
  const auto bins = train::calibration_bins(pairs, 10);
  ASSERT_EQ(bins.size(), 3U) << "empty bins are left out";
  EXPECT_EQ(bins[0].count, 2);
  EXPECT_DOUBLE_EQ(bins[0].mean_probability, 0.025);
  EXPECT_EQ(bins[0].observed_share, 0);
  EXPECT_EQ(bins[1].lower, 0.1) << "a bin includes its lower end";
  EXPECT_EQ(bins[2].count, 3) << "the last bin includes 1";
  EXPECT_DOUBLE_EQ(bins[2].observed_share, 2.0 / 3);
  EXPECT_THROW(train::calibration_bins(pairs, 0), nn::Error);
}

TEST(KnownPairs, TakeOneLabel) {
  std::vector<ImageLabels> labels = {known({0, 1, 0, 0, 0, 0}), known({})};
  labels[1].known[1] = false;
  const std::vector<Probabilities> predictions = {{0.1, 0.2, 0, 0, 0, 0}, {0.3, 0.4, 0, 0, 0, 0}};
  const auto pairs = train::known_pairs(predictions, labels, 1);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].probability, 0.2);
  EXPECT_EQ(pairs[0].label, 1);
}

}  // namespace
