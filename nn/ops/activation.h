// Element-wise non-linearities.
#pragma once

#include "nn/autograd/variable.h"

namespace nn {

/// max(x, 0); the gradient at 0 is 0.
Variable relu(const Variable& x);
/// 1 / (1 + exp(-x))
Variable sigmoid(const Variable& x);

}  // namespace nn
