#include "train/evaluation/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "nn/core/error.h"

namespace train {
namespace {

constexpr double positive_from = 0.5;  // soft labels in counts and ROC

bool is_positive(const LabelledProbability& pair) { return pair.label >= positive_from; }

void check_parallel(std::size_t predictions, std::size_t labels) {
  NN_CHECK(predictions == labels, "[metrics] ", predictions, " predictions for ", labels, " labelled images");
}

LabelScores score_label(std::span<const LabelledProbability> pairs) {
  LabelScores scores;
  double sum = 0;
  for (const LabelledProbability& pair : pairs) {
    ++(is_positive(pair) ? scores.positives : scores.negatives);
    sum += log_loss(pair.probability, pair.label);
  }
  if (!pairs.empty()) scores.log_loss = sum / static_cast<double>(pairs.size());
  scores.auc = roc_auc(pairs);
  return scores;
}

/// Mean of the labels' log losses with these weights, over the labels that have one.
double weighted_mean(const Scores& scores, const Probabilities& weights) {
  double sum = 0, weight = 0;
  for (std::size_t i = 0; i < io::label_count; ++i) {
    if (!scores.label[i].log_loss) continue;
    sum += weights[i] * *scores.label[i].log_loss;
    weight += weights[i];
  }
  return weight > 0 ? sum / weight : std::numeric_limits<double>::quiet_NaN();
}

std::vector<LabelledProbability> by_falling_probability(std::span<const LabelledProbability> pairs) {
  std::vector<LabelledProbability> sorted(pairs.begin(), pairs.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const LabelledProbability& a, const LabelledProbability& b) { return a.probability > b.probability; });
  return sorted;
}

/// Positives and negatives that share a probability.
struct Tie {
  double probability, positives = 0, negatives = 0;
};

/// One entry a distinct probability, from the highest.
std::vector<Tie> ties(std::span<const LabelledProbability> pairs) {
  std::vector<Tie> result;
  for (const LabelledProbability& pair : by_falling_probability(pairs)) {
    if (result.empty() || result.back().probability != pair.probability) result.push_back({pair.probability});
    ++(is_positive(pair) ? result.back().positives : result.back().negatives);
  }
  return result;
}

}  // namespace

double log_loss(double probability, double label) {
  const double p = std::clamp(probability, log_loss_clip, 1 - log_loss_clip);
  return -(label * std::log(p) + (1 - label) * std::log1p(-p));
}

std::string worse_than_prior(double loss, double prior_loss) {
  if (!(loss > prior_loss)) return {};
  return "Worse than the class prior: to say each label's prevalence for every image would score better.";
}

std::vector<LabelledProbability> known_pairs(std::span<const Probabilities> predictions,
                                             std::span<const ImageLabels> labels, int label) {
  check_parallel(predictions.size(), labels.size());
  const auto at = static_cast<std::size_t>(label);
  std::vector<LabelledProbability> pairs;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!labels[i].known[at]) continue;
    const double probability = predictions[i][at];
    NN_CHECK(probability >= 0 && probability <= 1, "[metrics] expected probabilities from 0 to 1, image ", i, " has ",
             probability, " for ", io::label_names[at]);
    pairs.push_back({probability, labels[i].value[at]});
  }
  return pairs;
}

Scores score(std::span<const Probabilities> predictions, std::span<const ImageLabels> labels) {
  check_parallel(predictions.size(), labels.size());
  Scores scores;
  scores.images = static_cast<std::int64_t>(labels.size());
  for (int i = 0; i < io::label_count; ++i) {
    LabelScores& label = scores.label[static_cast<std::size_t>(i)];
    label = score_label(known_pairs(predictions, labels, i));
    label.unknown = scores.images - label.known();
  }
  scores.weighted_log_loss = weighted_mean(scores, challenge_weights);
  scores.mean_log_loss = weighted_mean(scores, {1, 1, 1, 1, 1, 1});
  return scores;
}

Scores score_class_prior(const Probabilities& prior, std::span<const ImageLabels> labels) {
  return score(std::vector<Probabilities>(labels.size(), prior), labels);
}

std::optional<double> roc_auc(std::span<const LabelledProbability> pairs) {
  double positives = 0, negatives = 0, pairs_won = 0;
  for (const Tie& tie : ties(pairs)) {
    pairs_won += tie.negatives * (positives + 0.5 * tie.positives);
    positives += tie.positives;
    negatives += tie.negatives;
  }
  if (positives == 0 || negatives == 0) return std::nullopt;
  return pairs_won / (positives * negatives);
}

std::vector<RocPoint> roc_curve(std::span<const LabelledProbability> pairs) {
  const std::vector<Tie> steps = ties(pairs);
  double positives = 0, negatives = 0;
  for (const Tie& tie : steps) positives += tie.positives, negatives += tie.negatives;
  if (positives == 0 || negatives == 0) return {};

  std::vector<RocPoint> curve = {{0, 0, std::numeric_limits<double>::infinity()}};
  double above_positive = 0, above_negative = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    above_positive += steps[i].positives;
    above_negative += steps[i].negatives;
    const bool goes_straight_on = i + 1 < steps.size() && steps[i].positives * steps[i + 1].negatives ==
                                                              steps[i].negatives * steps[i + 1].positives;
    if (goes_straight_on) continue;
    curve.push_back({above_negative / negatives, above_positive / positives, steps[i].probability});
  }
  return curve;
}

std::vector<CalibrationBin> calibration_bins(std::span<const LabelledProbability> pairs, int bins) {
  NN_CHECK(bins >= 1, "[calibration] expected at least one bin, got ", bins);
  std::vector<CalibrationBin> result(static_cast<std::size_t>(bins));
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].lower = static_cast<double>(i) / bins;
    result[i].upper = static_cast<double>(i + 1) / bins;
  }
  for (const LabelledProbability& pair : pairs) {
    const int at = std::clamp(static_cast<int>(pair.probability * bins), 0, bins - 1);
    CalibrationBin& bin = result[static_cast<std::size_t>(at)];
    ++bin.count;
    bin.mean_probability += pair.probability;
    bin.observed_share += pair.label;
  }
  std::erase_if(result, [](const CalibrationBin& bin) { return bin.count == 0; });
  for (CalibrationBin& bin : result) {
    bin.mean_probability /= static_cast<double>(bin.count);
    bin.observed_share /= static_cast<double>(bin.count);
  }
  return result;
}

}  // namespace train
