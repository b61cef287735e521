#include "tests/io/phantom/logistic_regression.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace test {
namespace {

/// Mean and standard deviation of every feature, so that one penalty suits all; a bias stands last.
class Standardiser {
 public:
  explicit Standardiser(const Features& samples) : mean_(samples[0].size()), scale_(samples[0].size()) {
    const auto count = static_cast<double>(samples.size());
    for (std::size_t j = 0; j < mean_.size(); ++j) {
      double sum = 0, square = 0;
      for (const auto& sample : samples) sum += sample[j], square += sample[j] * sample[j];
      mean_[j] = sum / count;
      const double variance = square / count - mean_[j] * mean_[j];
      scale_[j] = variance > 1e-12 ? 1 / std::sqrt(variance) : 0;
    }
  }
  Features operator()(const Features& samples) const {
    Features out;
    for (const auto& sample : samples) {
      std::vector<double> row;
      for (std::size_t j = 0; j < mean_.size(); ++j)
        row.push_back(std::clamp((sample[j] - mean_[j]) * scale_[j], -10.0, 10.0));
      row.push_back(1);
      out.push_back(std::move(row));
    }
    return out;
  }

 private:
  std::vector<double> mean_, scale_;
};

/// Solves a x = b for a symmetric positive definite `a` (row after row), by Cholesky's method in place.
std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return b;
}

double probability(const std::vector<double>& weights, const std::vector<double>& sample) {
  return 1 / (1 + std::exp(-std::inner_product(weights.begin(), weights.end(), sample.begin(), 0.0)));
}

std::vector<double> fit(const Features& samples, const std::vector<double>& labels, double ridge) {
  const std::size_t n = samples[0].size();
  std::vector<double> weights(n, 0.0);
  for (int step = 0; step < 12; ++step) {
    std::vector<double> gradient(n, 0.0), hessian(n * n, 0.0);
    for (std::size_t s = 0; s < samples.size(); ++s) {
      const std::vector<double>& x = samples[s];
      const double p = probability(weights, x), curvature = p * (1 - p);
      for (std::size_t i = 0; i < n; ++i) {
        gradient[i] += (labels[s] - p) * x[i];
        for (std::size_t j = 0; j <= i; ++j) hessian[i * n + j] += curvature * x[i] * x[j];
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      const double penalty = i + 1 < n ? ridge : 1e-6;
      gradient[i] -= penalty * weights[i];
      hessian[i * n + i] += penalty;
    }
    const std::vector<double> change = solve(std::move(hessian), std::move(gradient));
    for (std::size_t i = 0; i < n; ++i) weights[i] += change[i];
  }
  return weights;
}

}  // namespace

std::vector<double> logistic_regression(const Features& fitted, const std::vector<double>& labels,
                                        const Features& evaluated, double ridge) {
  const Standardiser standardise(fitted);
  const std::vector<double> weights = fit(standardise(fitted), labels, ridge);
  std::vector<double> out;
  for (const auto& sample : standardise(evaluated)) out.push_back(probability(weights, sample));
  return out;
}

double log_loss(const std::vector<double>& labels, const std::vector<double>& probabilities) {
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double p = std::clamp(probabilities[i], 1e-15, 1 - 1e-15);
    sum -= labels[i] * std::log(p) + (1 - labels[i]) * std::log(1 - p);
  }
  return sum / static_cast<double>(labels.size());
}

double area_under_curve(const std::vector<double>& labels, const std::vector<double>& scores) {
  double right = 0, pairs = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::size_t j = 0; labels[i] > 0.5 && j < labels.size(); ++j) {
      if (labels[j] > 0.5) continue;
      ++pairs;
      right += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
    }
  }
  return right / pairs;
}

}  // namespace test
