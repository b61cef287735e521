#include "train/ensemble/fit_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nn/core/error.h"
#include "train/evaluation/metrics.h"

namespace train {
namespace {

using Vector = std::vector<double>;

/// One logarithm of the sum: share * -ln(w . probability), where probability[m] is what member m gives to what is true.
struct Term {
  double share;
  std::size_t at;  // of its first probability
};

double dot(const Vector& a, const double* b) { return std::inner_product(a.begin(), a.end(), b, 0.0); }

/// The problem, and its value, gradient and Hessian (row by row).
class MixtureLoss {
 public:
  MixtureLoss(std::span<const Vector> members, std::span<const double> labels) : members_(members.size()) {
    const double share = 1 / static_cast<double>(labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      add_term(members, i, share * labels[i], [](double p) { return p; });
      add_term(members, i, share * (1 - labels[i]), [](double p) { return 1 - p; });
    }
  }

  double value(const Vector& w) const {
    double loss = 0;
    for (const Term& term : terms_) loss -= term.share * std::log(dot(w, &probabilities_[term.at]));
    return loss;
  }

  void derivatives(const Vector& w, Vector& gradient, Vector& hessian) const {
    gradient.assign(members_, 0);
    hessian.assign(members_ * members_, 0);
    for (const Term& term : terms_) {
      const double* p = &probabilities_[term.at];
      const double sum = dot(w, p);
      for (std::size_t a = 0; a < members_; ++a) {
        gradient[a] -= term.share * p[a] / sum;
        for (std::size_t b = 0; b < members_; ++b) hessian[a * members_ + b] += term.share * p[a] / sum * p[b] / sum;
      }
    }
  }

 private:
  template <class Transform>
  void add_term(std::span<const Vector> members, std::size_t image, double share, const Transform& transform) {
    if (share <= 0) return;
    terms_.push_back({share, probabilities_.size()});
    for (const Vector& member : members) {
      probabilities_.push_back(std::clamp(transform(member[image]), log_loss_clip, 1 - log_loss_clip));
    }
  }

  std::size_t members_;
  std::vector<Term> terms_;
  Vector probabilities_;
};

/// The pair between which moving weight helps most: from the one of largest gradient that has weight to the one of the
/// smallest.
struct Pair {
  std::size_t from, to;
};

Pair steepest_pair(const Vector& weights, const Vector& gradient) {
  Pair pair{0, 0};
  bool found = false;
  for (std::size_t m = 0; m < weights.size(); ++m) {
    if (gradient[m] < gradient[pair.to]) pair.to = m;
    if (weights[m] > 0 && (!found || gradient[m] > gradient[pair.from])) pair.from = m, found = true;
  }
  return pair;
}

/// The point of the simplex where the quadratic model  gradient . (v - w) + (v - w)' H (v - w) / 2  is smallest: weight
/// moves from one member to another, each time by the best amount.
Vector minimise_model(const Vector& w, Vector gradient, const Vector& hessian) {
  constexpr int most_moves = 10000;  // an inexact step is only a slower one
  const std::size_t n = w.size();
  Vector v = w;
  for (int move = 0; move < most_moves; ++move) {
    const auto [from, to] = steepest_pair(v, gradient);
    const double slope = gradient[from] - gradient[to];
    if (slope <= 1e-3 * fit_tolerance) break;
    const double curvature = hessian[from * n + from] + hessian[to * n + to] - 2 * hessian[from * n + to];
    const double amount = curvature * v[from] > slope ? slope / curvature : v[from];
    v[from] = amount == v[from] ? 0 : v[from] - amount;
    v[to] += amount;
    for (std::size_t m = 0; m < n; ++m) gradient[m] += amount * (hessian[m * n + to] - hessian[m * n + from]);
  }
  return v;
}

double gap_of(const Vector& w, const Vector& gradient) {
  return dot(w, gradient.data()) - *std::min_element(gradient.begin(), gradient.end());
}

/// From w toward `target`, half as far until the loss falls (Armijo's rule).
Vector search_line(const MixtureLoss& loss, const Vector& w, const Vector& target, const Vector& gradient,
                   double value) {
  constexpr double rounding = 1e-12;  // of sums over many images: near the minimum no true decrease can be seen
  Vector next(w.size());
  constexpr int most_halvings = 33;
  double step = 1;
  for (int halving = 0; halving <= most_halvings; ++halving, step /= 2) {
    for (std::size_t m = 0; m < w.size(); ++m) next[m] = (1 - step) * w[m] + step * target[m];
    const double slope = dot(gradient, next.data()) - dot(gradient, w.data());
    if (loss.value(next) <= value + 1e-4 * slope + rounding * (1 + std::abs(value))) break;
  }
  const double sum = std::accumulate(next.begin(), next.end(), 0.0);
  for (double& weight : next) weight /= sum;
  return next;
}

void check(std::span<const Vector> members, std::span<const double> labels) {
  NN_CHECK(!members.empty() && !labels.empty(), "[fit_weights] expects members and images, got ", members.size(),
           " and ", labels.size());
  for (const Vector& member : members) {
    NN_CHECK(member.size() == labels.size(), "[fit_weights] a member predicts ", member.size(), " images of ",
             labels.size());
  }
}

}  // namespace

FittedWeights fit_weights(std::span<const std::vector<double>> members, std::span<const double> labels) {
  constexpr int most_steps = 200;          // some ten are usual
  constexpr double acceptable_gap = 1e-5;  // far below what images of a data set can tell
  check(members, labels);
  const MixtureLoss loss(members, labels);
  FittedWeights fit{.weights = Vector(members.size(), 1 / static_cast<double>(members.size()))};
  Vector gradient, hessian;
  for (int step = 0;; ++step) {
    fit.log_loss = loss.value(fit.weights);
    loss.derivatives(fit.weights, gradient, hessian);
    fit.gap = gap_of(fit.weights, gradient);
    if (fit.gap <= fit_tolerance) return fit;
    if (step >= most_steps && fit.gap <= acceptable_gap) return fit;
    NN_CHECK(step < most_steps, "[fit_weights] no solution within ", most_steps, " steps: the log loss may be ",
             fit.gap, " above the smallest");
    const Vector target = minimise_model(fit.weights, gradient, hessian);
    fit.weights = search_line(loss, fit.weights, target, gradient, fit.log_loss);
  }
}

}  // namespace train
