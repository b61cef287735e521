// A probability together with its complement: what is averaged over views, folds and members.
#pragma once

#include <span>

#include "train/data/labels.h"

namespace train {

/// p and q = 1 - p of each label. Both are kept: where p is 1 within rounding, q is what is left of the logit.
struct Belief {
  Probabilities p = {}, q = {};

  /// ln(p / q), finite.
  Probabilities logit() const;
};

/// p = 1 / (1 + exp(-x)), q = 1 / (1 + exp(x)).
Belief belief_of_logits(const Probabilities& logits);

/// sum += weight * belief, label by label. Weights that are added one after another make 1 at most; what rounding puts
/// above it is cut off.
void add(Belief& sum, const Belief& belief, const Probabilities& weight);
void add(Belief& sum, const Belief& belief, double weight);

}  // namespace train
