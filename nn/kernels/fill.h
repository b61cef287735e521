// Setting and converting values.
#pragma once

#include "nn/core/kernel.h"
#include "nn/tensor/tensor.h"

namespace nn {

/// y = value, in every element. Any dtype.
extern Kernel<void(double value, const Tensor& y)> fill;

/// y = x converted to y's dtype (f32, f64, bf16 in any pair; i16, u8, i32 to f32 or f64). Same shape.
extern Kernel<void(const Tensor& x, const Tensor& y)> cast;

}  // namespace nn
