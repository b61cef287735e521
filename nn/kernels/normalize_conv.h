// The gradients of a convolution of a normalised map, y = conv2d(z, w) with z = normalize(x), in one: neither z nor its
// gradient need ever lie in memory. (Forward it is conv2d_forward with a prologue, see fold_normalization.)
#pragma once

#include "nn/kernels/batch_norm.h"
#include "nn/kernels/conv.h"

namespace nn {

/// What normalize_backward gives for dz, the gradient that conv2d_backward_data makes of dy; and
///   dw = correlation of z with dy, + beta * dw
/// x {n,h,w,in}, w {out,kernel_h,kernel_w,in}, dy of the output's shape. Undefined gradients, dw too, are not wanted.
extern Kernel<void(const Tensor& x, const NormalizeParameters& parameters, const Tensor& w, const Tensor& dy,
                   const ConvGeometry& geometry, const NormalizeGradients& gradients, const Tensor& dw, float beta)>
    normalize_conv2d_backward;

/// The same by the kernels of its parts, with one map in memory: what a backend without a fused kernel fills its slot
/// with, and what a fused one is tested against.
void normalize_conv2d_backward_by_parts(const Tensor& x, const NormalizeParameters& parameters, const Tensor& w,
                                        const Tensor& dy, const ConvGeometry& geometry,
                                        const NormalizeGradients& gradients, const Tensor& dw, float beta);

}  // namespace nn
