#include "nn/ops/conv2d.h"

#include "nn/autograd/tape.h"
#include "nn/kernels/activation.h"
#include "nn/kernels/arithmetic.h"

namespace nn {
namespace {

void record_backward(const Variable& x, const Variable& w, const Variable& b, const Variable& y,
                     const Conv2dOptions& options) {
  const Variable needed = options.relu ? y : y.gradient_only();
  y.tape()->record("conv2d", [x, w, b = b.gradient_only(), y = needed, options] {
    Tensor dy = y.gradient();
    if (options.relu) {
      const Tensor masked = Tensor::empty(dy.shape(), dy.dtype(), dy.device());
      relu_backward(y.value(), dy, masked, 0);
      dy = masked;
    }
    if (const GradTarget db = b.gradient_target(); db.wanted()) sum_rows(dy, db.gradient, db.beta);
    if (const GradTarget dw = w.gradient_target(); dw.wanted()) {
      conv2d_backward_weights(x.value(), dy, {}, options.geometry, dw.gradient, dw.beta);
    }
    if (const GradTarget dx = x.gradient_target(); dx.wanted()) {
      conv2d_backward_data(dy, w.value(), options.geometry, dx.gradient, dx.beta);
    }
  });
}

}  // namespace

Variable conv2d(const Variable& x, const Variable& w, const Variable& b, const Conv2dOptions& options) {
  const Variable y = Variable::output(conv2d_output_shape(x.shape(), w.shape(), options.geometry), {&x, &w, &b});
  return conv2d_into(x, w, b, y, options);
}

Variable conv2d_into(const Variable& x, const Variable& w, const Variable& b, const Variable& y,
                     const Conv2dOptions& options) {
  Variable::check_output("conv2d", y, {&x, &w, &b});
  conv2d_forward(x.value(), w.value(), {}, {.bias = b.value(), .relu = options.relu}, options.geometry, y.value());
  if (y.recorded()) record_backward(x, w, b, y, options);
  return y;
}

}  // namespace nn
