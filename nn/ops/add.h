// The sum of two variables.
#pragma once

#include "nn/autograd/variable.h"

namespace nn {

/// a + b, of one shape.
Variable add(const Variable& a, const Variable& b);
/// The same, written into `y`. Returns y.
Variable add_into(const Variable& a, const Variable& b, const Variable& y);

}  // namespace nn
