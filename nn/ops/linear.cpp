#include "nn/ops/linear.h"

#include "nn/autograd/tape.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/linear.h"

namespace nn {

Variable linear(const Variable& x, const Variable& w, const Variable& b) {
  NN_CHECK(x.shape() == matrix_shape(x.shape().n, x.c()), "[linear] expects rows {n, 1, 1, c}, got ", x.shape());
  NN_CHECK(w.shape() == matrix_shape(w.shape().n, x.c()), "[linear] weight ", w.shape(), " expects ", w.c(),
           " inputs, x has ", x.c());
  NN_CHECK(!b.defined() || b.shape() == vector_shape(w.shape().n), "[linear] weight ", w.shape(), " expects a bias of ",
           w.shape().n, ", got ", b.shape());
  Variable y = Variable::output(matrix_shape(x.shape().n, w.shape().n), {&x, &w, &b});
  linear_forward(x.value(), w.value(), b.value(), y.value());
  if (y.recorded()) {
    y.tape()->record("linear", [x, w, b = b.gradient_only(), y = y.gradient_only()] {
      const Tensor dy = y.gradient();
      if (const GradTarget db = b.gradient_target(); db.wanted()) sum_rows(dy, db.gradient, db.beta);
      if (const GradTarget dw = w.gradient_target(); dw.wanted()) {
        linear_backward_weights(x.value(), dy, dw.gradient, dw.beta);
      }
      if (const GradTarget dx = x.gradient_target(); dx.wanted()) {
        linear_backward_data(dy, w.value(), dx.gradient, dx.beta);
      }
    });
  }
  return y;
}

}  // namespace nn
