// The gradients of a normalisation's vectors, from the two sums over rows that its backward pass takes.
#pragma once

#include <cmath>
#include <vector>

#include "nn/kernels/batch_norm.h"
#include "nn/kernels/check.h"

namespace nn::cpu {

inline double inverse_deviation(double variance, double epsilon) { return 1 / std::sqrt(variance + epsilon); }

/// vector = value(i) + beta * vector
template <class T, class Value>
void write_vector(const NormalizeGradient& target, const Tensor& x, const Value& value) {
  if (!target.gradient.defined()) return;
  check_vector("normalize_backward", target.gradient, x);
  T* out = target.gradient.data<T>();
  for (std::int64_t i = 0; i < x.c(); ++i) {
    const double before = target.beta == 0 ? 0 : static_cast<double>(target.beta) * static_cast<double>(out[i]);
    out[i] = static_cast<T>(value(i) + before);
  }
}

/// The formulas are in nn/kernels/batch_norm.h. `sums`: x.c() times sum dz, then as often sum dz (x - mean).
template <class T>
void write_vector_gradients(const Tensor& x, const NormalizeParameters& p, const std::vector<double>& sums,
                            const NormalizeGradients& g) {
  const auto inverse = [&](std::int64_t i) {
    return inverse_deviation(static_cast<double>(p.variance.data<T>()[i]), p.epsilon);
  };
  const auto gamma = [&](std::int64_t i) { return static_cast<double>(p.gamma.data<T>()[i]); };
  const auto dshift = [&](std::int64_t i) { return sums[static_cast<std::size_t>(i)]; };
  const auto dgamma = [&](std::int64_t i) { return sums[static_cast<std::size_t>(x.c() + i)] * inverse(i); };
  write_vector<T>(g.mean, x, [&](std::int64_t i) { return -gamma(i) * inverse(i) * dshift(i); });
  write_vector<T>(g.variance, x, [&](std::int64_t i) { return -0.5 * gamma(i) * inverse(i) * inverse(i) * dgamma(i); });
  write_vector<T>(g.gamma, x, dgamma);
  write_vector<T>(g.shift, x, dshift);
}

}  // namespace nn::cpu
