// Convolution with its bias and ReLU fused.
#pragma once

#include "nn/autograd/variable.h"
#include "nn/kernels/conv.h"

namespace nn {

struct Conv2dOptions {
  ConvGeometry geometry{};
  bool relu = false;  // fused: relu(conv + bias)
};

/// relu?(conv(x, w) + b); b may be undefined. x {n,h,w,in}, w {out,kh,kw,in}, b {1,1,1,out}.
Variable conv2d(const Variable& x, const Variable& w, const Variable& b, const Conv2dOptions& options = {});
/// The same, written into `y`, a variable of the output's shape: usually a channel range of a buffer. Returns y.
Variable conv2d_into(const Variable& x, const Variable& w, const Variable& b, const Variable& y,
                     const Conv2dOptions& options = {});

}  // namespace nn
