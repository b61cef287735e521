// Maximum pooling, by the rows of channels of single pixels.
#include "nn/cpu/loops/elementwise.h"
#include "nn/cpu/loops/max_rows.h"
#include "nn/cpu/loops/windows.h"
#include "nn/kernels/pool.h"

namespace nn {
namespace cpu {
namespace {

template <class T, class Index>
void max_pool_forward(const Tensor& x, const PoolGeometry& geometry, const Tensor& y, const Tensor& argmax) {
  const Windows windows(x.shape(), y.shape(), geometry);
  const WindowAxis &vertical = windows.vertical, &horizontal = windows.horizontal;
  for_each_pixel(y.shape(), [&](std::int64_t image, std::int64_t i, std::int64_t j) {
    const std::int64_t row = (image * y.h() + i) * y.w() + j;
    const Range lines = vertical.seen(i), columns = horizontal.seen(j);
    const WindowRows seen{
        .lines = lines.size(),
        .columns = columns.size(),
        .line_rows = x.w(),
        .position = (lines.begin - vertical.start(i)) * horizontal.kernel + columns.begin - horizontal.start(j),
        .line_position = horizontal.kernel,
        .column_position = 1};
    const T* first = x.row<T>((image * x.h() + lines.begin) * x.w() + columns.begin);
    max_of_rows(seen, x.c(), first, x.pitch(), y.row<T>(row), argmax.defined() ? argmax.row<Index>(row) : nullptr);
  });
}

template <class T, class Index>
void max_pool_backward(const Tensor& dy, const Tensor& argmax, const PoolGeometry& geometry, const Tensor& dx,
                       float beta) {
  const Windows windows(dx.shape(), dy.shape(), geometry);
  const WindowAxis &vertical = windows.vertical, &horizontal = windows.horizontal;
  for_each_pixel(dx.shape(), [&](std::int64_t image, std::int64_t h, std::int64_t w) {
    const Range lines = vertical.windows_of(h), columns = horizontal.windows_of(w);
    const WindowRows seeing{
        .lines = lines.size(),
        .columns = columns.size(),
        .line_rows = dy.w(),
        .position = (h - vertical.start(lines.begin)) * horizontal.kernel + w - horizontal.start(columns.begin),
        .line_position = -vertical.stride * horizontal.kernel,
        .column_position = -horizontal.stride};
    const std::int64_t row = (image * dy.h() + lines.begin) * dy.w() + columns.begin;
    sum_where_largest(seeing, dx.c(), dy.row<T>(row), dy.pitch(), argmax.row<Index>(row), argmax.pitch(),
                      static_cast<T>(beta), dx.row<T>((image * dx.h() + h) * dx.w() + w));
  });
}

void max_pool_forward(const Tensor& x, const PoolGeometry& geometry, const Tensor& y, const Tensor& argmax) {
  check_pool("max_pool", x, geometry, y);
  if (argmax.defined()) check_argmax("max_pool", argmax, geometry, y);
  dispatch_float("max_pool", x, [&]<class T>() {
    const bool bytes = argmax_dtype(geometry) == DType::u8;
    (bytes ? max_pool_forward<T, std::uint8_t> : max_pool_forward<T, std::int32_t>)(x, geometry, y, argmax);
  });
}

void max_pool_backward(const Tensor& dy, const Tensor& argmax, const PoolGeometry& geometry, const Tensor& dx,
                       float beta) {
  check_pool("max_pool_backward", dx, geometry, dy);
  check_argmax("max_pool_backward", argmax, geometry, dy);
  dispatch_float("max_pool_backward", dy, [&]<class T>() {
    const bool bytes = argmax.dtype() == DType::u8;
    (bytes ? max_pool_backward<T, std::uint8_t> : max_pool_backward<T, std::int32_t>)(dy, argmax, geometry, dx, beta);
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(max_pool_forward, cpu::max_pool_forward);
NN_DEFINE_KERNEL(max_pool_backward, cpu::max_pool_backward);

}  // namespace nn
