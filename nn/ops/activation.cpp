#include "nn/ops/activation.h"

#include "nn/autograd/tape.h"
#include "nn/kernels/activation.h"

namespace nn {

Variable relu(const Variable& x) { return relu_into(x, Variable::output(x.shape(), {&x})); }

Variable relu_into(const Variable& x, const Variable& y) {
  Variable::check_output("relu", y, {&x});
  relu_forward(x.value(), y.value());
  if (y.recorded()) {
    y.tape()->record("relu", [x = x.gradient_only(), y] {
      const GradTarget dx = x.gradient_target();
      if (dx.wanted()) relu_backward(y.value(), y.gradient(), dx.gradient, dx.beta);
    });
  }
  return y;
}

Variable sigmoid(const Variable& x) { return sigmoid_into(x, Variable::output(x.shape(), {&x})); }

Variable sigmoid_into(const Variable& x, const Variable& y) {
  Variable::check_output("sigmoid", y, {&x});
  sigmoid_forward(x.value(), y.value());
  if (y.recorded()) {
    y.tape()->record("sigmoid", [x = x.gradient_only(), y] {
      const GradTarget dx = x.gradient_target();
      if (dx.wanted()) sigmoid_backward(y.value(), y.gradient(), dx.gradient, dx.beta);
    });
  }
  return y;
}

}  // namespace nn
