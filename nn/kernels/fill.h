// Setting and converting values.
#pragma once

#include "nn/core/kernel.h"
#include "nn/tensor/tensor.h"

namespace nn {

/// y = value, in every element. Any dtype.
extern Kernel<void(double value, const Tensor& y)> fill;

/// y = x converted to y's dtype. Same shape. To bf16 rounds to nearest even; to i16, u8 and i32 cuts off the fraction,
/// and the value must be within the type's range.
extern Kernel<void(const Tensor& x, const Tensor& y)> cast;

}  // namespace nn
