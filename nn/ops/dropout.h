// Dropout: nn/kernels/dropout.h says how the mask is made.
#pragma once

#include "nn/autograd/variable.h"
#include "nn/kernels/dropout.h"

namespace nn {

/// Zero with settings.probability, else x / (1 - probability). `random_state` is Context::random_state; it must keep
/// its values until the backward pass is done.
Variable dropout(const Variable& x, const Tensor& random_state, const DropoutSettings& settings);
Variable dropout_into(const Variable& x, const Tensor& random_state, const DropoutSettings& settings,
                      const Variable& y);

}  // namespace nn
