#include "nn/kernels/loss.h"

#include "nn/kernels/check.h"

namespace nn {

void check_sigmoid_bce(const Tensor& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights,
                       const Tensor& loss) {
  check_same("sigmoid_bce", logits, targets);
  if (mask.defined()) check_same("sigmoid_bce", logits, mask);
  check_vector("sigmoid_bce", weights, logits);
  NN_CHECK(loss.elements() == 1 && loss.dtype() == logits.dtype(), "[sigmoid_bce] the loss is one ", logits.dtype(),
           ", got ", loss.shape(), ' ', loss.dtype());
}

void check_softmax_cross_entropy(const Tensor& logits, const Tensor& classes, const Tensor& loss) {
  NN_CHECK(classes.rows() == logits.rows() && classes.c() == 1, "[softmax_cross_entropy] expects ", logits.rows(),
           " classes, got ", classes.shape());
  NN_CHECK(loss.elements() == 1 && loss.dtype() == logits.dtype(), "[softmax_cross_entropy] the loss is one ",
           logits.dtype(), ", got ", loss.shape(), ' ', loss.dtype());
}

}  // namespace nn
