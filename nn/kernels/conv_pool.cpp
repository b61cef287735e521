#include "nn/kernels/conv_pool.h"

namespace nn {

void check_conv2d_max_pool(const Tensor& x, const Tensor& w, const ConvEpilogue& epilogue, const ConvGeometry& geometry,
                           const PoolGeometry& pool, const Tensor& y) {
  constexpr const char* kernel = "conv2d_max_pool_forward";
  NN_CHECK(epilogue.beta == 0 && !epilogue.mean.defined() && !epilogue.variance.defined(), "[", kernel,
           "] expects an epilogue without beta and statistics");
  const Shape map = conv2d_output_shape(x.shape(), w.shape(), geometry), expected = pool_output_shape(map, pool);
  NN_CHECK(y.shape() == expected, "[", kernel, "] expects an output of ", expected, ", got ", y.shape());
  NN_CHECK(x.dtype() == y.dtype() && x.dtype() == w.dtype(), "[", kernel, "] expects one type, got ", x.dtype(), ", ",
           w.dtype(), " and ", y.dtype());
}

void conv2d_max_pool_forward_by_parts(const Tensor& x, const Tensor& w, const ConvEpilogue& epilogue,
                                      const ConvGeometry& geometry, const PoolGeometry& pool, const Tensor& y) {
  check_conv2d_max_pool(x, w, epilogue, geometry, pool, y);
  const Tensor map = Tensor::empty(conv2d_output_shape(x.shape(), w.shape(), geometry), x.dtype(), x.device());
  conv2d_forward(x, w, {}, epilogue, geometry, map);
  max_pool_forward(map, pool, y, {});
}

}  // namespace nn
