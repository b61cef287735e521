// Maximum pooling, by the rows of channels of single pixels.
#include <limits>

#include "nn/cpu/elementwise.h"
#include "nn/cpu/max_rows.h"
#include "nn/cpu/windows.h"
#include "nn/kernels/pool.h"

namespace nn {
namespace cpu {
namespace {

/// `from` is where the maxima come from, or null.
template <class T, class Index>
void max_of_window(const Tensor& x, std::int64_t first_row, const Windows& windows, std::int64_t line,
                   std::int64_t column, T* best, Index* from) {
  const Range rows = windows.vertical.seen(line), columns = windows.horizontal.seen(column);
  std::fill(best, best + x.c(), -std::numeric_limits<T>::infinity());
  if (from != nullptr) std::fill(from, from + x.c(), Index(0));
  for (std::int64_t h = rows.begin; h < rows.end; ++h) {
    for (std::int64_t w = columns.begin; w < columns.end; ++w) {
      const std::int64_t position =
          (h - windows.vertical.start(line)) * windows.horizontal.kernel + w - windows.horizontal.start(column);
      const T* pixel = x.row<T>(first_row + h * x.w() + w);
      take_larger(x.c(), pixel, static_cast<Index>(position), best, from);
    }
  }
}

template <class T, class Index>
void max_pool_forward(const Tensor& x, const PoolGeometry& geometry, const Tensor& y, const Tensor& argmax) {
  const Windows windows(x.shape(), y.shape(), geometry);
  for_each_pixel(y.shape(), [&](std::int64_t image, std::int64_t i, std::int64_t j) {
    const std::int64_t row = (image * y.h() + i) * y.w() + j;
    Index* from = argmax.defined() ? argmax.row<Index>(row) : nullptr;
    max_of_window(x, image * x.h() * x.w(), windows, i, j, y.row<T>(row), from);
  });
}

template <class T, class Index>
void max_pool_backward(const Tensor& dy, const Tensor& argmax, const PoolGeometry& geometry, const Tensor& dx,
                       float beta) {
  gather_from_windows<T>(
      dy, geometry, dx, beta, [&](const Windows& /*windows*/, const SeenPixel& pixel, std::int64_t row, T* to) {
        add_where(dx.c(), dy.row<T>(row), argmax.row<Index>(row), static_cast<Index>(pixel.position), to);
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
