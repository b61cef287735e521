// Weights of a mixture of probabilities, fitted by log loss: a convex problem with a certificate of its solution.
//
//   minimise  L(w) = -mean_i [ y_i ln(sum_m w_m p_im) + (1 - y_i) ln(sum_m w_m (1 - p_im)) ]
//   over      w_m >= 0,  sum_m w_m = 1
//
// -ln of a linear function is convex, so L is, and for every w the gap
//   g(w) = max_v grad L(w) . (w - v) = grad L(w) . w - min_m grad_m L(w)     (v over the simplex)
// says how far L(w) can be above the minimum (Frank and Wolfe, 1956). The fit ends when g is below its tolerance.
#pragma once

#include <span>
#include <vector>

namespace train {

/// A fit ends when the log loss is at most this above the smallest possible; where clipped, wrong certainties make the
/// curvature too uneven for that, it ends after 200 steps, and FittedWeights::gap says how far it came (at most 1e-5).
inline constexpr double fit_tolerance = 1e-9;

struct FittedWeights {
  std::vector<double> weights;  // of each member
  double log_loss = 0;          // of the combination, on what it was fitted to
  double gap = 0;               // log_loss is at most this above the minimum
};

/// members[m][i] is the probability of member m for image i, labels[i] its truth, from 0 to 1; probabilities are
/// clipped as the metric clips them. By Newton's method on the simplex: deterministic, from equal weights, so that
/// members that say the same keep the same weight. Throws nn::Error for no member, no image, and lengths that differ.
FittedWeights fit_weights(std::span<const std::vector<double>> members, std::span<const double> labels);

}  // namespace train
