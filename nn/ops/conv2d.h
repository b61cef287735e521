// Convolution with what stands before and behind it fused: scale, shift and ReLU of its input; bias, ReLU, batch norm.
#pragma once

#include <optional>

#include "nn/autograd/variable.h"
#include "nn/kernels/conv.h"
#include "nn/ops/batch_norm.h"

namespace nn {

/// z = relu?(scale x + shift) per channel, before the padding's zeros: a batch norm that is folded into two vectors. x
/// is changed while the convolution reads it, forward and backward: z is never in memory.
struct Conv2dPrologue {
  Variable scale{}, shift{};  // {1,1,1,in}; undefined: 1 and 0
  bool relu = false;
};

/// What the batch norm behind a convolution asks of it.
struct NormBehind {
  /// In training: overwritten with the statistics of y, as by channel_statistics_into(y, statistics), while y is
  /// written.
  ChannelStatistics statistics{};
  /// In inference: y is normalised while it is written. Only for a y that is not recorded.
  std::optional<Normalization> normalization{};
};
/// For the kernel. An error, naming `op`, if it does not go with y.
ConvEpilogue epilogue_for(const char* op, const NormBehind& behind, const Variable& y);

struct Conv2dOptions {
  ConvGeometry geometry{};
  bool relu = false;  // fused: relu(conv + bias)
  Conv2dPrologue prologue{};
  NormBehind behind{};  // without `relu`: the norm has its own
  bool add = false;     // y += the result, for a y that is given and not recorded
};

/// relu?(conv(z, w) + b); b may be undefined. x {n,h,w,in}, w {out,kh,kw,in}, b {1,1,1,out}.
Variable conv2d(const Variable& x, const Variable& w, const Variable& b, const Conv2dOptions& options = {});
/// The same, written into `y`, a variable of the output's shape: usually a channel range of a buffer. Returns y.
Variable conv2d_into(const Variable& x, const Variable& w, const Variable& b, const Variable& y,
                     const Conv2dOptions& options = {});

}  // namespace nn
