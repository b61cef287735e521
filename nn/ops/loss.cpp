#include "nn/ops/loss.h"

#include "nn/autograd/tape.h"
#include "nn/kernels/loss.h"

namespace nn {

Variable sigmoid_bce(const Variable& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights) {
  Variable loss = Variable::output({1, 1, 1, 1}, {&logits});
  sigmoid_bce_forward(logits.value(), targets, mask, weights, loss.value());
  if (loss.recorded()) {
    loss.tape()->record("sigmoid_bce", [=] {
      const GradTarget dz = logits.gradient_target();
      sigmoid_bce_backward(logits.value(), targets, mask, weights, loss.gradient(), dz.gradient, dz.beta);
    });
  }
  return loss;
}

Variable softmax_cross_entropy(const Variable& logits, const Tensor& classes) {
  Variable loss = Variable::output({1, 1, 1, 1}, {&logits});
  softmax_cross_entropy_forward(logits.value(), classes, loss.value());
  if (loss.recorded()) {
    loss.tape()->record("softmax_cross_entropy", [=] {
      const GradTarget dz = logits.gradient_target();
      softmax_cross_entropy_backward(logits.value(), classes, loss.gradient(), dz.gradient, dz.beta);
    });
  }
  return loss;
}

}  // namespace nn
