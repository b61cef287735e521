#include "train/ensemble/belief.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "train/validation.h"

namespace train {

Probabilities Belief::logit() const {
  constexpr double smallest = std::numeric_limits<double>::min();  // its logarithm is -708
  Probabilities logits;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    logits[i] = std::log(std::max(p[i], smallest)) - std::log(std::max(q[i], smallest));
  }
  return logits;
}

Belief belief_of_logits(const Probabilities& logits) {
  Probabilities negative;
  for (std::size_t i = 0; i < negative.size(); ++i) negative[i] = -logits[i];
  return {.p = sigmoid(logits), .q = sigmoid(negative)};
}

void add(Belief& sum, const Belief& belief, const Probabilities& weight) {
  for (std::size_t i = 0; i < weight.size(); ++i) {
    sum.p[i] = std::min(1.0, sum.p[i] + weight[i] * belief.p[i]);
    sum.q[i] = std::min(1.0, sum.q[i] + weight[i] * belief.q[i]);
  }
}

void add(Belief& sum, const Belief& belief, double weight) {
  Probabilities weights;
  weights.fill(weight);
  add(sum, belief, weights);
}

}  // namespace train
