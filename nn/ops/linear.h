// A fully connected layer.
#pragma once

#include "nn/autograd/variable.h"

namespace nn {

/// x w^T + b; b may be undefined. x {rows,1,1,in}, w {out,1,1,in}, b {1,1,1,out}; the result is {rows,1,1,out}.
Variable linear(const Variable& x, const Variable& w, const Variable& b);

}  // namespace nn
