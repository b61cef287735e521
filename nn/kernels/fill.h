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

/// y = x if flag != 0, else y stays: how a step takes back what it wrote without a word from the host. `flag` is one
/// f64; x and y are contiguous, f32 or f64, of the same shape and type.
extern Kernel<void(const Tensor& flag, const Tensor& x, const Tensor& y)> copy_if;
/// What every backend asks of copy_if's tensors.
void check_copy_if(const Tensor& flag, const Tensor& x, const Tensor& y);

}  // namespace nn
