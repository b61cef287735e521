// One element of each loss: forward, and right below it its derivative.
#pragma once

#include <cmath>

#include "nn/core/host_device.h"
#include "nn/functors/activation.h"

namespace nn::functors {

/// -t log(sigmoid(z)) - (1 - t) log(1 - sigmoid(z)) = softplus(z) - t z, without overflow and without losing what is
/// small: max(z, 0) - t z + log1p(exp(-|z|)).
struct BinaryCrossEntropy {
  template <class T>
  NN_HOST_DEVICE T operator()(T z, T target) const {
    return (z > T(0) ? z : T(0)) - target * z + std::log1p(std::exp(-std::abs(z)));
  }
};
/// By z: sigmoid(z) - t.
struct BinaryCrossEntropyBackward {
  template <class T>
  NN_HOST_DEVICE T operator()(T z, T target) const {
    return Sigmoid{}(z)-target;
  }
};

}  // namespace nn::functors
