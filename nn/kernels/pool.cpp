#include "nn/kernels/pool.h"

namespace nn {
namespace {

/// Windows along one axis of `size` elements; the last one starts before the end of the image.
std::int64_t window_count(std::int64_t size, std::int64_t before, std::int64_t after, std::int64_t kernel,
                          std::int64_t stride, bool ceil) {
  const std::int64_t steps = size + before + after - kernel;
  std::int64_t count = (steps + (ceil ? stride - 1 : 0)) / stride + 1;
  if (ceil && (count - 1) * stride >= size + before) --count;
  return count;
}

}  // namespace

Shape pool_output_shape(const Shape& x, const PoolGeometry& g) {
  const Padding& p = g.padding;
  NN_CHECK(g.kernel_h > 0 && g.kernel_w > 0 && g.stride_h > 0 && g.stride_w > 0, "[pool] window ", g.kernel_h, 'x',
           g.kernel_w, " and stride ", g.stride_h, 'x', g.stride_w, " must be positive");
  NN_CHECK(p.top >= 0 && p.left >= 0 && p.bottom >= 0 && p.right >= 0 && p.top < g.kernel_h && p.bottom < g.kernel_h &&
               p.left < g.kernel_w && p.right < g.kernel_w,
           "[pool] the padding must be smaller than the window, or a window sees nothing of the image");
  NN_CHECK(x.h + p.top + p.bottom >= g.kernel_h && x.w + p.left + p.right >= g.kernel_w, "[pool] a window of ",
           g.kernel_h, 'x', g.kernel_w, " does not fit into ", x);
  return {x.n, window_count(x.h, p.top, p.bottom, g.kernel_h, g.stride_h, g.ceil),
          window_count(x.w, p.left, p.right, g.kernel_w, g.stride_w, g.ceil), x.c};
}

DType argmax_dtype(const PoolGeometry& geometry) {
  return geometry.kernel_h * geometry.kernel_w <= 256 ? DType::u8 : DType::i32;
}

void check_pool(const char* kernel, const Tensor& x, const PoolGeometry& geometry, const Tensor& y) {
  const Shape expected = pool_output_shape(x.shape(), geometry);
  NN_CHECK(y.shape() == expected && y.dtype() == x.dtype(), "[", kernel, "] from ", x.shape(), ' ', x.dtype(), " to ",
           y.shape(), ' ', y.dtype(), ", expected ", expected);
}

void check_argmax(const char* kernel, const Tensor& argmax, const PoolGeometry& geometry, const Tensor& y) {
  NN_CHECK(argmax.defined() && argmax.shape() == y.shape() && argmax.dtype() == argmax_dtype(geometry), "[", kernel,
           "] argmax expects ", y.shape(), ' ', argmax_dtype(geometry), ", got ", argmax.shape(), ' ', argmax.dtype());
}

void check_global_pool(const char* kernel, const Tensor& x, const Tensor& y) {
  NN_CHECK((y.shape() == Shape{x.n(), 1, 1, x.c()}) && y.dtype() == x.dtype(), "[", kernel, "] from ", x.shape(), ' ',
           x.dtype(), " to ", y.shape(), ' ', y.dtype());
}

}  // namespace nn
