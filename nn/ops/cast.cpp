#include "nn/ops/cast.h"

#include "nn/autograd/tape.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/fill.h"

namespace nn {
namespace {

/// target = gradient in its type + beta * target.
void accumulate_converted(const Tensor& gradient, const GradTarget& target) {
  if (target.beta == 0) return cast(gradient, target.gradient);
  const Tensor converted = Tensor::empty(gradient.shape(), target.gradient.dtype(), gradient.device());
  cast(gradient, converted);
  accumulate(converted, target.gradient, target.beta);
}

}  // namespace

Variable cast_to(const Variable& x, DType dtype) {
  if (x.value().dtype() == dtype) return x;
  Variable y = Variable::output(x.shape(), {&x}, dtype);
  cast(x.value(), y.value());
  if (y.recorded()) {
    y.tape()->record("cast", [x = x.gradient_only(), y = y.gradient_only()] {
      const GradTarget dx = x.gradient_target();
      if (dx.wanted()) accumulate_converted(y.gradient(), dx);
    });
  }
  return y;
}

}  // namespace nn
