// Dropout (Srivastava et al., 2014) with a mask that is computed from a counter, not stored.
#pragma once

#include <cstdint>

#include "nn/core/kernel.h"
#include "nn/tensor/tensor.h"

namespace nn {

struct DropoutSettings {
  double probability = 0.5;  // that an element becomes zero, in [0, 1)
  std::uint32_t stream = 0;  // a number of its own for every dropout layer of a network
};

/// y = x / (1 - probability) where the element is kept, else 0; + beta * y. x and y have one type. `random_state`
/// {1,1,1,4} i32: seed (low, high), step (low, high). The mask is a function of these, the stream and the element's
/// index in row order: the same for any pitch, thread count and device. Its own derivative: with the same random_state
/// it takes dy to dx.
extern Kernel<void(const Tensor& x, const Tensor& random_state, const DropoutSettings& settings, const Tensor& y,
                   float beta)>
    apply_dropout;
/// What every backend asks of apply_dropout's arguments.
void check_dropout(const Tensor& x, const Tensor& random_state, const DropoutSettings& settings, const Tensor& y);

}  // namespace nn
