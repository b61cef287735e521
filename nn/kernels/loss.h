// Losses fused with the function that makes probabilities of the logits. Logits {n,1,1,c}, the loss {1,1,1,1}; all
// f32 or all f64 (a bf16 network casts its logits), any pitches.
#pragma once

#include "nn/core/kernel.h"
#include "nn/tensor/tensor.h"

namespace nn {

/// The weighted multi-label log loss. With b_il = softplus(z_il) - t_il z_il, the binary cross-entropy of
/// sigmoid(z_il) against t_il in [0, 1], and m_il = 1 where the label is known, else 0 (`mask` undefined: all known):
///   loss = sum_l w_l (sum_i m_il b_il / sum_i m_il) / sum_l w_l,    l over the labels with a known entry in the batch.
/// targets and mask {n,1,1,c}, weights {1,1,1,c}. Nothing known at all: loss and gradient are 0.
extern Kernel<void(const Tensor& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights,
                   const Tensor& loss)>
    sigmoid_bce_forward;
/// dlogits_il = dloss w_l m_il (sigmoid(z_il) - t_il) / (sum_i m_il sum_l w_l) + beta * dlogits_il
extern Kernel<void(const Tensor& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights,
                   const Tensor& dloss, const Tensor& dlogits, float beta)>
    sigmoid_bce_backward;

/// What every backend asks of the tensors of both.
void check_sigmoid_bce(const Tensor& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights,
                       const Tensor& loss);

/// loss = mean over i of (log sum_l exp(z_il) - z_i,class_i). classes {n,1,1,1} i32, in [0, c).
extern Kernel<void(const Tensor& logits, const Tensor& classes, const Tensor& loss)> softmax_cross_entropy_forward;
/// dlogits_il = dloss (softmax(z_i)_l - [l = class_i]) / n + beta * dlogits_il
extern Kernel<void(const Tensor& logits, const Tensor& classes, const Tensor& dloss, const Tensor& dlogits, float beta)>
    softmax_cross_entropy_backward;
/// What every backend asks of the tensors of both.
void check_softmax_cross_entropy(const Tensor& logits, const Tensor& classes, const Tensor& loss);

}  // namespace nn
