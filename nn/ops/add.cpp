#include "nn/ops/add.h"

#include "nn/autograd/tape.h"
#include "nn/kernels/arithmetic.h"

namespace nn {

Variable add(const Variable& a, const Variable& b) { return add_into(a, b, Variable::output(a.shape(), {&a, &b})); }

Variable add_into(const Variable& a, const Variable& b, const Variable& y) {
  Variable::check_output("add", y, {&a, &b});
  add_forward(a.value(), b.value(), y.value());
  if (y.recorded()) {
    y.tape()->record("add", [a = a.gradient_only(), b = b.gradient_only(), y = y.gradient_only()] {
      for (const Variable& input : {a, b}) {
        const GradTarget target = input.gradient_target();
        if (target.wanted()) accumulate(y.gradient(), target.gradient, target.beta);
      }
    });
  }
  return y;
}

}  // namespace nn
