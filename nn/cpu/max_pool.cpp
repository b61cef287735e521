// Maximum pooling. Loops run over the channels of one pixel, which vectorises; the backward pass gathers: every pixel
// of dx asks the windows that see it, so that each element has one writer.
#include <limits>

#include "nn/cpu/elementwise.h"
#include "nn/cpu/windows.h"
#include "nn/kernels/pool.h"

namespace nn {
namespace cpu {
namespace {

/// best = max(best, x) and where it came from. A NaN is taken and kept: it must reach the loss.
template <class T, class Index>
void take_larger(std::int64_t c, const T* __restrict x, Index position, T* __restrict best, Index* __restrict from) {
  for (std::int64_t i = 0; i < c; ++i) {
    const bool larger = x[i] > best[i] || x[i] != x[i];
    best[i] = larger ? x[i] : best[i];
    from[i] = larger ? position : from[i];
  }
}

template <class T, class Index>
void max_of_window(const Tensor& x, std::int64_t first_row, const Windows& windows, std::int64_t line,
                   std::int64_t column, T* best, Index* from) {
  const Range rows = windows.vertical.seen(line), columns = windows.horizontal.seen(column);
  std::fill(best, best + x.c(), -std::numeric_limits<T>::infinity());
  std::fill(from, from + x.c(), Index(0));
  for (std::int64_t h = rows.begin; h < rows.end; ++h) {
    for (std::int64_t w = columns.begin; w < columns.end; ++w) {
      const std::int64_t position =
          (h - windows.vertical.start(line)) * windows.horizontal.kernel + w - windows.horizontal.start(column);
      take_larger(x.c(), x.row<T>(first_row + h * x.w() + w), static_cast<Index>(position), best, from);
    }
  }
}

template <class T, class Index>
void max_pool_forward(const Tensor& x, const PoolGeometry& geometry, const Tensor& y, const Tensor& argmax) {
  const Windows windows(x.shape(), y.shape(), geometry);
  for_each_pixel(y.shape(), [&](std::int64_t image, std::int64_t i, std::int64_t j) {
    const std::int64_t row = (image * y.h() + i) * y.w() + j;
    max_of_window(x, image * x.h() * x.w(), windows, i, j, y.row<T>(row), argmax.row<Index>(row));
  });
}

/// dx += dy where the window's maximum came from here.
template <class T, class Index>
void add_where(std::int64_t c, const T* __restrict dy, const Index* __restrict from, Index position, T* __restrict dx) {
  for (std::int64_t i = 0; i < c; ++i) dx[i] += from[i] == position ? dy[i] : T(0);
}

template <class T, class Index>
void max_pool_backward(const Tensor& dy, const Tensor& argmax, const PoolGeometry& geometry, const Tensor& dx,
                       float beta) {
  const Windows windows(dx.shape(), dy.shape(), geometry);
  for_each_pixel(dx.shape(), [&](std::int64_t image, std::int64_t h, std::int64_t w) {
    T* to = dx.row<T>((image * dx.h() + h) * dx.w() + w);
    scale_row(dx.c(), beta, to);
    const Range lines = windows.vertical.windows_of(h), columns = windows.horizontal.windows_of(w);
    for (std::int64_t i = lines.begin; i < lines.end; ++i) {
      for (std::int64_t j = columns.begin; j < columns.end; ++j) {
        const std::int64_t row = (image * dy.h() + i) * dy.w() + j;
        const std::int64_t position =
            (h - windows.vertical.start(i)) * windows.horizontal.kernel + w - windows.horizontal.start(j);
        add_where(dx.c(), dy.row<T>(row), argmax.row<Index>(row), static_cast<Index>(position), to);
      }
    }
  });
}

void max_pool_forward(const Tensor& x, const PoolGeometry& geometry, const Tensor& y, const Tensor& argmax) {
  check_pool("max_pool", x, geometry, y);
  NN_CHECK(argmax.shape() == y.shape() && argmax.dtype() == argmax_dtype(geometry), "[max_pool] argmax expects ",
           y.shape(), ' ', argmax_dtype(geometry), ", got ", argmax.shape(), ' ', argmax.dtype());
  dispatch_float("max_pool", x, [&]<class T>() {
    const bool bytes = argmax.dtype() == DType::u8;
    (bytes ? max_pool_forward<T, std::uint8_t> : max_pool_forward<T, std::int32_t>)(x, geometry, y, argmax);
  });
}

void max_pool_backward(const Tensor& dy, const Tensor& argmax, const PoolGeometry& geometry, const Tensor& dx,
                       float beta) {
  check_pool("max_pool_backward", dx, geometry, dy);
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
