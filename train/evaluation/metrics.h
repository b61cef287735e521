// How good predictions are: the challenge's weighted log loss, ROC and calibration. All sums are float64.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/data/labels.h"

namespace train {

/// The challenge's weights: 2 for `any`, 1 for the others; the mean divides by their sum, 7.
inline constexpr Probabilities challenge_weights = {2, 1, 1, 1, 1, 1};

/// Probabilities are clipped to [1e-15, 1 - 1e-15] before the logarithm.
inline constexpr double log_loss_clip = 1e-15;

/// -(y ln p + (1 - y) ln(1 - p)) with p clipped; y may lie between 0 and 1.
double log_loss(double probability, double label);

/// The scores of one label over the images where it is known. In counts and ROC a soft label is positive from 0.5 on.
struct LabelScores {
  std::int64_t positives = 0, negatives = 0, unknown = 0;
  std::optional<double> log_loss;  // mean; empty if the label is known nowhere
  std::optional<double> auc;       // empty without both classes, never 0.5

  std::int64_t known() const { return positives + negatives; }
};

struct Scores {
  std::array<LabelScores, io::label_count> label;
  /// Means of the labels' log losses over the labels that are known somewhere: weighted by challenge_weights, and
  /// plain. NaN if nothing is known.
  double weighted_log_loss = 0;
  double mean_log_loss = 0;
  std::int64_t images = 0;
};

/// predictions[i] and labels[i] belong to the same image.
Scores score(std::span<const Probabilities> predictions, std::span<const ImageLabels> labels);

/// The scores of predicting `prior` for every image: the baseline that stands beside every score. `prior` is the
/// training part's prevalence(), scored on the evaluated part.
Scores score_class_prior(const Probabilities& prior, std::span<const ImageLabels> labels);

/// In words, for a person: that a loss is above the class prior's. Empty if it is not.
std::string worse_than_prior(double loss, double prior_loss);

/// A probability with its truth, of one label.
struct LabelledProbability {
  double probability = 0;
  double label = 0;
};

/// The pairs of one label over the images where it is known. Throws nn::Error for a probability outside [0, 1] or NaN.
std::vector<LabelledProbability> known_pairs(std::span<const Probabilities> predictions,
                                             std::span<const ImageLabels> labels, int label);

/// Area under the ROC curve: the chance that a positive ranks above a negative, ties counting a half (Mann-Whitney).
/// Empty without both classes.
std::optional<double> roc_auc(std::span<const LabelledProbability> pairs);

/// Calling everything positive whose probability is at least `threshold`.
struct RocPoint {
  double false_positive_rate = 0, true_positive_rate = 0, threshold = 0;
};

/// From (0, 0) to (1, 1), one point a distinct probability, points on a straight line left out. Empty without both
/// classes.
std::vector<RocPoint> roc_curve(std::span<const LabelledProbability> pairs);

/// The images whose probability lies in [lower, upper): what was promised and what was found.
struct CalibrationBin {
  double lower = 0, upper = 0;
  std::int64_t count = 0;
  double mean_probability = 0, observed_share = 0;
};

/// Equal-width bins over [0, 1]; empty bins are left out. The last bin includes 1.
std::vector<CalibrationBin> calibration_bins(std::span<const LabelledProbability> pairs, int bins = 10);

}  // namespace train
