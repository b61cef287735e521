// Element-wise non-linearities. The _into forms write into a given variable and return it.
#pragma once

#include "nn/autograd/variable.h"

namespace nn {

/// max(x, 0); the gradient at 0 is 0.
Variable relu(const Variable& x);
Variable relu_into(const Variable& x, const Variable& y);
/// 1 / (1 + exp(-x))
Variable sigmoid(const Variable& x);
Variable sigmoid_into(const Variable& x, const Variable& y);

}  // namespace nn
