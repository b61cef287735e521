#include "nn/ops/activation.h"

#include "nn/autograd/tape.h"
#include "nn/kernels/activation.h"

namespace nn {

Variable relu(const Variable& x) {
  Variable y = Variable::output(x.shape(), {&x});
  relu_forward(x.value(), y.value());
  if (y.recorded()) {
    y.tape()->record("relu", [x, y] {
      const GradTarget dx = x.gradient_target();
      relu_backward(y.value(), y.gradient(), dx.gradient, dx.beta);
    });
  }
  return y;
}

Variable sigmoid(const Variable& x) {
  Variable y = Variable::output(x.shape(), {&x});
  sigmoid_forward(x.value(), y.value());
  if (y.recorded()) {
    y.tape()->record("sigmoid", [x, y] {
      const GradTarget dx = x.gradient_target();
      sigmoid_backward(y.value(), y.gradient(), dx.gradient, dx.beta);
    });
  }
  return y;
}

}  // namespace nn
