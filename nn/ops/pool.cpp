#include "nn/ops/pool.h"

#include "nn/autograd/tape.h"

namespace nn {

Variable max_pool(const Variable& x, const PoolGeometry& geometry) {
  return max_pool_into(x, geometry, Variable::output(pool_output_shape(x.shape(), geometry), {&x}));
}

Variable max_pool_into(const Variable& x, const PoolGeometry& geometry, const Variable& y) {
  Variable::check_output("max_pool", y, {&x});
  Tensor argmax;
  if (y.recorded()) argmax = Tensor::empty(y.shape(), argmax_dtype(geometry), y.value().device());
  max_pool_forward(x.value(), geometry, y.value(), argmax);
  if (y.recorded()) {
    y.tape()->record("max_pool", [x = x.gradient_only(), y = y.gradient_only(), argmax, geometry] {
      const GradTarget dx = x.gradient_target();
      if (dx.wanted()) max_pool_backward(y.gradient(), argmax, geometry, dx.gradient, dx.beta);
    });
  }
  return y;
}

Variable average_pool(const Variable& x, const PoolGeometry& geometry, bool count_padding) {
  const Variable y = Variable::output(pool_output_shape(x.shape(), geometry), {&x});
  return average_pool_into(x, geometry, y, count_padding);
}

Variable average_pool_into(const Variable& x, const PoolGeometry& geometry, const Variable& y, bool count_padding) {
  Variable::check_output("average_pool", y, {&x});
  average_pool_forward(x.value(), geometry, count_padding, y.value());
  if (y.recorded()) {
    y.tape()->record("average_pool", [x = x.gradient_only(), y = y.gradient_only(), geometry, count_padding] {
      const GradTarget dx = x.gradient_target();
      if (dx.wanted()) average_pool_backward(y.gradient(), geometry, count_padding, dx.gradient, dx.beta);
    });
  }
  return y;
}

Variable global_average_pool(const Variable& x) {
  return global_average_pool_into(x, Variable::output({x.shape().n, 1, 1, x.c()}, {&x}));
}

Variable global_average_pool_into(const Variable& x, const Variable& y) {
  Variable::check_output("global_average_pool", y, {&x});
  global_average_pool_forward(x.value(), y.value());
  if (y.recorded()) {
    y.tape()->record("global_average_pool", [x = x.gradient_only(), y = y.gradient_only()] {
      const GradTarget dx = x.gradient_target();
      if (dx.wanted()) global_average_pool_backward(y.gradient(), dx.gradient, dx.beta);
    });
  }
  return y;
}

Variable global_max_pool(const Variable& x) {
  return max_pool(x, {.kernel_h = x.shape().h, .kernel_w = x.shape().w, .stride_h = 1, .stride_w = 1});
}

}  // namespace nn
