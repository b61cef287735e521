// Running cuDNN's convolutions on tensors that suit it.
#pragma once

#include "nn/kernels/conv.h"
#include "nn/tensor/tensor.h"

namespace cuda {

// Each queues one plan on the context's stream; context().options() say which plans serve. Tensors are dense
// (staging.h) and of one type, f32 or bf16. Products are summed in f32 and the result is rounded once.

/// y = relu?(conv(x, w) + bias). Without a bias there is no ReLU.
void convolve_forward(const nn::Tensor& x, const nn::Tensor& w, const nn::Tensor& bias, bool relu,
                      const nn::ConvGeometry& geometry, const nn::Tensor& y);
/// dx = data gradient + beta * dx
void convolve_backward_data(const nn::Tensor& dy, const nn::Tensor& w, const nn::ConvGeometry& geometry,
                            const nn::Tensor& dx, float beta);
/// dw = weight gradient + beta * dw
void convolve_backward_weights(const nn::Tensor& x, const nn::Tensor& dy, const nn::ConvGeometry& geometry,
                               const nn::Tensor& dw, float beta);

}  // namespace cuda
