// Losses: one number {1,1,1,1} from logits {n,1,1,c}. Formulas in nn/kernels/loss.h.
#pragma once

#include "nn/autograd/variable.h"

namespace nn {

/// Weighted multi-label log loss of sigmoid(logits): per label the mean over the known entries, then the mean over
/// labels weighted by `weights` {1,1,1,c}. targets {n,1,1,c} in [0, 1]; mask like targets, 1 where known, or undefined.
Variable sigmoid_bce(const Variable& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights);

/// Mean over the images of -log softmax(logits)[class]. classes {n,1,1,1} i32.
Variable softmax_cross_entropy(const Variable& logits, const Tensor& classes);

}  // namespace nn
