// Batch normalisation (Ioffe and Szegedy, 2015) in two halves: the statistics of a feature map, computed once when it
// is produced, and the normalisation by every consumer. Vectors are {1,1,1,c}, and f32 where the maps are bf16;
// otherwise all tensors of a call have one type. Any pitches.
#pragma once

#include <cstdint>
#include <tuple>

#include "nn/core/kernel.h"
#include "nn/tensor/tensor.h"

namespace nn {

/// mean_c = sum over the M rows of x_rc / M, variance_c = sum of (x_rc - mean_c)^2 / M (biased).
extern Kernel<void(const Tensor& x, const Tensor& mean, const Tensor& variance)> channel_statistics_forward;

/// dx_rc = dmean_c / M + 2 dvariance_c (x_rc - mean_c) / M + beta * dx_rc
extern Kernel<void(const Tensor& x, const Tensor& mean, const Tensor& dmean, const Tensor& dvariance, const Tensor& dx,
                   float beta)>
    channel_statistics_backward;

/// The vectors of y = relu?(gamma (x - mean) / sqrt(variance + epsilon) + shift).
struct NormalizeParameters {
  Tensor mean, variance, gamma, shift;
  double epsilon = 1e-5;
  bool relu = false;

  auto tensors() const { return std::tie(mean, variance, gamma, shift); }
};

extern Kernel<void(const Tensor& x, const NormalizeParameters& parameters, const Tensor& y)> normalize_forward;

/// The same as two vectors, for whoever reads or writes x anyway: y = relu?(scale x + folded), where
///   scale = gamma / sqrt(variance + epsilon)      folded = shift - mean scale
extern Kernel<void(const NormalizeParameters& parameters, const Tensor& scale, const Tensor& folded)>
    fold_normalization;

/// Where a gradient is written: gradient = value + beta * gradient. An undefined tensor is not wanted.
struct NormalizeGradient {
  Tensor gradient{};
  float beta = 0;
};
/// All five, mean and variance taken as independent of x; written in this order.
struct NormalizeGradients {
  NormalizeGradient x, mean, variance, gamma, shift;

  /// True if any of them is.
  bool wanted() const {
    return x.gradient.defined() || mean.gradient.defined() || variance.gradient.defined() || gamma.gradient.defined() ||
           shift.gradient.defined();
  }
  auto tensors() const {
    return std::tie(x.gradient, mean.gradient, variance.gradient, gamma.gradient, shift.gradient);
  }
};
/// With inv = 1 / sqrt(variance + epsilon) and dz = dy, zero where relu cut off (recomputed from x, nothing is stored):
///   dx = gamma inv dz      dshift = sum dz      dgamma = sum dz (x - mean) inv
///   dmean = -gamma inv dshift      dvariance = -gamma inv^2 dgamma / 2
extern Kernel<void(const Tensor& x, const Tensor& dy, const NormalizeParameters& parameters,
                   const NormalizeGradients& gradients)>
    normalize_backward;

/// running_mean = (1 - momentum) running_mean + momentum mean; the same for the variance, made unbiased by
/// rows / (rows - 1). As PyTorch does; `rows` > 1 is the number that mean and variance were taken over.
extern Kernel<void(const Tensor& mean, const Tensor& variance, std::int64_t rows, double momentum,
                   const Tensor& running_mean, const Tensor& running_variance)>
    update_running_statistics;

}  // namespace nn
