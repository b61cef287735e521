// Element-wise sums. All tensors of one call have the same shape and type unless said otherwise, any pitches.
#pragma once

#include "nn/core/kernel.h"
#include "nn/tensor/tensor.h"

namespace nn {

/// y = a + b
extern Kernel<void(const Tensor& a, const Tensor& b, const Tensor& y)> add_forward;

/// y = x + beta * y. With beta 0, y is not read.
extern Kernel<void(const Tensor& x, const Tensor& y, float beta)> accumulate;

/// y_c = sum over rows of x_rc + beta * y_c: the gradient of a bias. x {rows, c}; y {1,1,1,c}, f32
/// where x is bf16.
extern Kernel<void(const Tensor& x, const Tensor& y, float beta)> sum_rows;

}  // namespace nn
