// Fully connected layers: y = x w^T + b. x {rows,1,1,in}, w {out,1,1,in}, b {1,1,1,out} or undefined, y {rows,1,1,out}.
// All of one type, but dw is f32 where the others are bf16.
#pragma once

#include "nn/core/kernel.h"
#include "nn/tensor/tensor.h"

namespace nn {

extern Kernel<void(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& y)> linear_forward;
/// dx = dy w + beta * dx
extern Kernel<void(const Tensor& dy, const Tensor& w, const Tensor& dx, float beta)> linear_backward_data;
/// dw = dy^T x + beta * dw
extern Kernel<void(const Tensor& x, const Tensor& dy, const Tensor& dw, float beta)> linear_backward_weights;

}  // namespace nn
