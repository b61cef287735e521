// A convolution with what stands behind it, bias, ReLU or batch norm, and a maximum pool, as one op of inference.
#pragma once

#include "nn/kernels/pool.h"
#include "nn/ops/conv2d.h"

namespace nn {

/// max_pool(conv2d(x, w, b, options), pool) without the map between them. Of the options neither a prologue nor
/// statistics, and nothing that is to be differentiated.
Variable conv2d_max_pool(const Variable& x, const Variable& w, const Variable& b, const Conv2dOptions& options,
                         const PoolGeometry& pool);

}  // namespace nn
