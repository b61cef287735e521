#include "nn/ops/dropout.h"

#include "nn/autograd/tape.h"

namespace nn {

Variable dropout(const Variable& x, const Tensor& random_state, const DropoutSettings& settings) {
  return dropout_into(x, random_state, settings, Variable::output(x.shape(), {&x}));
}

Variable dropout_into(const Variable& x, const Tensor& random_state, const DropoutSettings& settings,
                      const Variable& y) {
  Variable::check_output("dropout", y, {&x});
  apply_dropout(x.value(), random_state, settings, y.value(), 0);
  if (y.recorded()) {
    y.tape()->record("dropout", [x = x.gradient_only(), y = y.gradient_only(), random_state, settings] {
      const GradTarget dx = x.gradient_target();
      if (dx.wanted()) apply_dropout(y.gradient(), random_state, settings, dx.gradient, dx.beta);
    });
  }
  return y;
}

}  // namespace nn
