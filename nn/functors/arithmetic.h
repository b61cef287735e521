// One element of the element-wise sums.
#pragma once

#include "nn/core/host_device.h"

namespace nn::functors {

struct Add {
  template <class T>
  NN_HOST_DEVICE T operator()(T a, T b) const {
    return a + b;
  }
};

struct Itself {
  template <class T>
  NN_HOST_DEVICE T operator()(T x) const {
    return x;
  }
};

}  // namespace nn::functors
