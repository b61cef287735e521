// One element from one type to another.
#pragma once

#include <type_traits>

#include "nn/core/bfloat16.h"
#include "nn/core/host_device.h"

namespace nn::functors {

/// Floats round to the nearest, ties to even; on the way to a whole number the fraction is cut off. bfloat16 converts
/// through float only.
template <class To, class From>
NN_HOST_DEVICE To convert(From value) {
  if constexpr (std::is_same_v<From, bfloat16>) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bfloat16>) {
    return bfloat16(static_cast<float>(value));
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace nn::functors
