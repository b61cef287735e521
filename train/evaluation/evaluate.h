// `falx evaluate`: a file of predictions against a file of labels.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "train/evaluation/evaluate_members.h"
#include "train/evaluation/metrics.h"
#include "train/evaluation/predictions.h"

namespace train {

struct EvaluateOptions {
  std::filesystem::path predictions = {};  // predictions.csv or submission.csv: told apart by the header
  std::filesystem::path labels = {};
  LabelOptions label_options = {};
  /// Where the class prior comes from: the training part's labels (CSV), or a run, model file or ensemble that stores
  /// it. Empty: the prevalence of the evaluated images themselves, which no constant prediction can beat.
  std::filesystem::path prior = {};
  BootstrapOptions bootstrap = {};  // of the comparison of an ensemble with its best member
};

struct Evaluation {
  Scores scores;
  Scores baseline;  // predicting `prior` for every image
  Probabilities prior = {};
  bool prior_is_of_evaluated = false;   // no training prevalence was given
  bool by_patient = true;               // false: the prior's model says "not split by patient"
  std::int64_t without_labels = 0;      // predictions that no label row speaks of: not scored
  std::int64_t without_prediction = 0;  // labelled images that were not predicted: not scored
  bool looks_like_labels = false;       // the predictions have a label file's form, and all are 0 or 1
  MemberEvaluation members;             // of an ensemble's predictions
  /// What was scored, for curves.
  std::vector<Probabilities> predictions;
  std::vector<ImageLabels> labels;
};

/// Throws nn::Error for unreadable tables and if no image has both a prediction and a label.
Evaluation evaluate(const EvaluateOptions& options);

/// A table for a terminal: per label positives, images, log loss, the class prior's, AUC; then the means; then an
/// ensemble's members.
std::string evaluation_table(const Evaluation& evaluation);

/// One JSON object, without a line end (--json and evaluation.json).
std::string evaluation_json(const Evaluation& evaluation);

/// evaluation.json, roc.csv (`label,false_positive_rate,true_positive_rate,threshold`) and calibration.csv
/// (`label,lower,upper,count,mean_probability,observed_share`) into an existing directory.
void write_evaluation(const std::filesystem::path& directory, const Evaluation& evaluation);

}  // namespace train
