// One element of each activation: forward, and right below it its derivative.
#pragma once

#include <cmath>

#include "nn/core/host_device.h"

namespace nn::functors {

/// max(x, 0). A NaN goes through: it must reach the loss.
struct Relu {
  template <class T>
  NN_HOST_DEVICE T operator()(T x) const {
    return x < T(0) ? T(0) : x;
  }
};
/// From y: dy where y > 0 (or NaN), else 0.
struct ReluBackward {
  template <class T>
  NN_HOST_DEVICE T operator()(T y, T dy) const {
    return y <= T(0) ? T(0) : dy;
  }
};

/// 1 / (1 + exp(-x)), without overflow on either side.
struct Sigmoid {
  template <class T>
  NN_HOST_DEVICE T operator()(T x) const {
    const T e = std::exp(-std::abs(x));
    return (x >= T(0) ? T(1) : e) / (T(1) + e);
  }
};
/// From y: dy * y * (1 - y).
struct SigmoidBackward {
  template <class T>
  NN_HOST_DEVICE T operator()(T y, T dy) const {
    return dy * y * (T(1) - y);
  }
};

}  // namespace nn::functors
