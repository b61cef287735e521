// Element-wise non-linearities; formulas in nn/functors/activation.h. Same shape and type, any pitches.
// Backward kernels write dx = gradient + beta * dx.
#pragma once

#include "nn/core/kernel.h"
#include "nn/tensor/tensor.h"

namespace nn {

extern Kernel<void(const Tensor& x, const Tensor& y)> relu_forward;
extern Kernel<void(const Tensor& y, const Tensor& dy, const Tensor& dx, float beta)> relu_backward;

extern Kernel<void(const Tensor& x, const Tensor& y)> sigmoid_forward;
extern Kernel<void(const Tensor& y, const Tensor& dy, const Tensor& dx, float beta)> sigmoid_backward;

}  // namespace nn
