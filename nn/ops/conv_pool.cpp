#include "nn/ops/conv_pool.h"

#include "nn/kernels/conv_pool.h"

namespace nn {

Variable conv2d_max_pool(const Variable& x, const Variable& w, const Variable& b, const Conv2dOptions& options,
                         const PoolGeometry& pool) {
  const auto& [scale, shift, relu] = options.prologue;
  NN_CHECK(!scale.defined() && !shift.defined() && !relu && !options.add,
           "[conv2d_max_pool] has no prologue and adds to nothing");
  const Shape map = conv2d_output_shape(x.shape(), w.shape(), options.geometry);
  Variable y = Variable::output(pool_output_shape(map, pool), {&x, &w, &b});
  NN_CHECK(!y.recorded(), "[conv2d_max_pool] is for inference alone");
  ConvEpilogue epilogue = epilogue_for("conv2d_max_pool", options.behind, y);
  NN_CHECK(!options.relu || !epilogue.scale.defined(),
           "[conv2d_max_pool] a ReLU between convolution and batch norm is not fused");
  epilogue.bias = b.value();
  epilogue.relu = epilogue.relu || options.relu;
  conv2d_max_pool_forward(x.value(), w.value(), epilogue, options.geometry, pool, y.value());
  return y;
}

}  // namespace nn
