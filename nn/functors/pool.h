// One element of a pooling window.
#pragma once

#include <cmath>

#include "nn/core/host_device.h"

namespace nn::functors {

/// True if x takes the place of `best` as the maximum. A NaN is taken and kept: it must reach the loss.
template <class T>
NN_HOST_DEVICE bool is_larger(T x, T best) {
  return x > best || std::isnan(x);
}

}  // namespace nn::functors
