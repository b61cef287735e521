// Initial values of parameters. A weight {out, kernel_h, kernel_w, in} has
//   fan_in = kernel_h * kernel_w * in,   fan_out = kernel_h * kernel_w * out.
#pragma once

#include "nn/core/philox.h"
#include "nn/tensor/tensor.h"

namespace nn::init {

/// Fills `value` (f32 or f64, any device) from the stream; the f64 numbers are the f32 ones, converted.
using Initializer = void (*)(const Tensor& value, Random& random);

void zeros(const Tensor& value, Random& random);
void ones(const Tensor& value, Random& random);

/// He et al., "Delving deep into rectifiers", ICCV 2015: keeps the variance through layers with ReLU.
/// N(0, 2 / fan_in): PyTorch's kaiming_normal_(nonlinearity='relu').
void he_normal(const Tensor& value, Random& random);
/// U(-a, a), a = sqrt(6 / fan_in): PyTorch's kaiming_uniform_(nonlinearity='relu').
void he_uniform(const Tensor& value, Random& random);

/// Glorot and Bengio, "Understanding the difficulty of training deep feedforward networks", AISTATS 2010.
/// N(0, 2 / (fan_in + fan_out)): PyTorch's xavier_normal_.
void glorot_normal(const Tensor& value, Random& random);
/// U(-a, a), a = sqrt(6 / (fan_in + fan_out)): PyTorch's xavier_uniform_, Keras's default.
void glorot_uniform(const Tensor& value, Random& random);

}  // namespace nn::init
