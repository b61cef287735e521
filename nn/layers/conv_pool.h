// A convolution and the maximum pool behind it. In inference they are one kernel, and the map between them, the largest
// of its part of the network, need not lie in memory (nn/kernels/conv_pool.h); in training each layer runs alone.
#pragma once

#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/max_pool.h"

namespace nn {

/// pool(conv(x)).
Variable conv_pool(Conv2d& conv, MaxPool2d& pool, const Variable& x, const Context& context);
/// pool(norm(conv(x))); the convolution without ReLU.
Variable conv_norm_pool(Conv2d& conv, BatchNorm2d& norm, MaxPool2d& pool, const Variable& x, const Context& context);

}  // namespace nn
