// Out-of-fold predictions: what each member says of images that it did not train on. The only data weights may be
// fitted on, and the only fair comparison of members before a test set is touched.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "train/ensemble/ensemble.h"
#include "train/ensemble/recipe.h"
#include "train/evaluation/metrics.h"

namespace train {

/// Parallel vectors, sorted by image.
struct OutOfFold {
  std::vector<std::string> images, patients;
  std::vector<ImageLabels> labels;
  std::vector<std::vector<Belief>> by_member;  // [member][image]
};

/// The union of each member's validation predictions. Throws nn::Error in one line, naming the image and the runs,
/// unless all members predicted the same images with the same labels, none of which any of them was trained on: for
/// runs of other data, for an image in one member's training part, and for training-data hashes that differ where the
/// splits are equal.
OutOfFold join_out_of_fold(std::span<const Recipe> recipes);

/// Weights of each member per label, by fit_weights over the images where the label is known. A label without both
/// classes says nothing about weights: they are equal there.
std::vector<Probabilities> fit_weights(const OutOfFold& data);

/// What ensembling gives on these images: each member, and each rule.
struct OutOfFoldScores {
  std::vector<Scores> members;
  Scores mean, logit_mean;
  Scores fitted;        // on the images that the weights were fitted to: a little too good
  Scores cross_fitted;  // weights fitted without a fifth of the patients, scored on that fifth
};
OutOfFoldScores score_rules(const OutOfFold& data, std::span<const Probabilities> weights);

/// The rule of the smallest weighted log loss, where `fitted` counts by its cross-fitted score: on few images the
/// weights fit their noise, and the plain score would not tell. Of equal rules the simpler one.
EnsembleRule best_rule(const OutOfFoldScores& scores);

}  // namespace train
