// Batch norm, ReLU and convolution as one op that keeps nothing between them: the normalised map is made while the
// convolution reads x, and again in the backward pass. The idea is Pleiss et al.'s, "Memory-efficient implementation of
// DenseNets", 2017 (arXiv:1707.06990); they compute the convolution again as well.
#pragma once

#include "nn/ops/batch_norm.h"
#include "nn/ops/conv2d.h"

namespace nn {

/// conv2d(normalize(x, ...), w), without bias. x {n,h,w,in}, w {out,kh,kw,in}.
Variable normalize_conv2d(const Variable& x, const Normalization& normalization, const Variable& w,
                          const ConvGeometry& geometry = {}, const NormBehind& behind = {});
/// The same, written into `y`. Returns y. With `skip`, of y's shape, y = skip + conv2d(...), measured as such.
Variable normalize_conv2d_into(const Variable& x, const Normalization& normalization, const Variable& w,
                               const Variable& y, const ConvGeometry& geometry = {}, const NormBehind& behind = {},
                               const Variable& skip = {});

}  // namespace nn
