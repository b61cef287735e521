// One element of batch normalisation: forward, and right below it its derivatives.
#pragma once

#include "nn/core/host_device.h"

namespace nn::functors {

/// (x - mean) * scale + shift, where scale = gamma / sqrt(variance + epsilon). The mean is not folded into the shift:
/// x * scale + (shift - mean * scale) would cancel where the mean is large beside the deviation.
struct Normalize {
  template <class T>
  NN_HOST_DEVICE T operator()(T x, T mean, T scale, T shift) const {
    return (x - mean) * scale + shift;
  }
};

/// The share of one element in the gradients of mean and variance that channel_statistics hands to x:
/// constant + slope * (x - mean), where constant = dmean / M and slope = 2 dvariance / M.
struct StatisticsBackward {
  template <class T>
  NN_HOST_DEVICE T operator()(T x, T mean, T constant, T slope) const {
    return constant + slope * (x - mean);
  }
};

}  // namespace nn::functors
