// A scale and a shift behind a convolution, folded into its weights and its bias: they then cost no pass over the
// result.
#pragma once

#include "nn/kernels/conv.h"
#include "nn/tensor/tensor.h"

namespace cuda {

/// folded = w * scale, folded_bias = bias * scale + shift, by output channel, from the epilogue's bias, scale and
/// shift; undefined ones are left out. w and folded {out,kernel_h,kernel_w,in} are contiguous; folded_bias {1,1,1,out}.
/// All but scale and shift (f32) have w's type; products are f32 and rounded once.
void fold_weights(const nn::Tensor& w, const nn::ConvEpilogue& epilogue, const nn::Tensor& folded,
                  const nn::Tensor& folded_bias);

}  // namespace cuda
