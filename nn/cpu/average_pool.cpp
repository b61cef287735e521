// Mean pooling over windows and over whole images.
#include "nn/cpu/loops/elementwise.h"
#include "nn/cpu/loops/row_sums.h"
#include "nn/cpu/loops/windows.h"
#include "nn/kernels/pool.h"

namespace nn {
namespace cpu {
namespace {

/// to += factor * from
template <class T>
void add_scaled(std::int64_t c, T factor, const T* __restrict from, T* __restrict to) {
  for (std::int64_t i = 0; i < c; ++i) to[i] += factor * from[i];
}

/// One over what the sum of window (i, j) is divided by.
template <class T>
T share_of(const Windows& windows, std::int64_t i, std::int64_t j, bool count_padding) {
  const auto& [vertical, horizontal] = windows;
  const std::int64_t count = count_padding ? vertical.padded_extent(i) * horizontal.padded_extent(j)
                                           : vertical.seen(i).size() * horizontal.seen(j).size();
  return T(1) / static_cast<T>(count);
}

template <class T>
void average_pool_forward(const Tensor& x, const PoolGeometry& geometry, bool count_padding, const Tensor& y) {
  const Windows windows(x.shape(), y.shape(), geometry);
  for_each_pixel(y.shape(), [&](std::int64_t image, std::int64_t i, std::int64_t j) {
    T* out = y.row<T>((image * y.h() + i) * y.w() + j);
    std::fill(out, out + y.c(), T(0));
    const T share = share_of<T>(windows, i, j, count_padding);
    const Range rows = windows.vertical.seen(i), columns = windows.horizontal.seen(j);
    for (std::int64_t h = rows.begin; h < rows.end; ++h) {
      for (std::int64_t w = columns.begin; w < columns.end; ++w) {
        add_scaled(x.c(), share, x.row<T>((image * x.h() + h) * x.w() + w), out);
      }
    }
  });
}

template <class T>
void average_pool_backward(const Tensor& dy, const PoolGeometry& geometry, bool count_padding, const Tensor& dx,
                           float beta) {
  const Windows windows(dx.shape(), dy.shape(), geometry);
  for_each_pixel(dx.shape(), [&](std::int64_t image, std::int64_t h, std::int64_t w) {
    T* to = dx.row<T>((image * dx.h() + h) * dx.w() + w);
    scale_row(dx.c(), beta, to);
    const Range lines = windows.vertical.windows_of(h), columns = windows.horizontal.windows_of(w);
    for (std::int64_t i = lines.begin; i < lines.end; ++i) {
      for (std::int64_t j = columns.begin; j < columns.end; ++j) {
        add_scaled(dx.c(), share_of<T>(windows, i, j, count_padding), dy.row<T>((image * dy.h() + i) * dy.w() + j), to);
      }
    }
  });
}

void average_pool_forward(const Tensor& x, const PoolGeometry& geometry, bool count_padding, const Tensor& y) {
  check_pool("average_pool", x, geometry, y);
  dispatch_float("average_pool", x, [&]<class T>() { average_pool_forward<T>(x, geometry, count_padding, y); });
}

void average_pool_backward(const Tensor& dy, const PoolGeometry& geometry, bool count_padding, const Tensor& dx,
                           float beta) {
  check_pool("average_pool_backward", dx, geometry, dy);
  dispatch_float("average_pool_backward", dy,
                 [&]<class T>() { average_pool_backward<T>(dy, geometry, count_padding, dx, beta); });
}

void global_average_pool_forward(const Tensor& x, const Tensor& y) {
  check_global_pool("global_average_pool", x, y);
  dispatch_float("global_average_pool", x, [&]<class T>() {
    const std::int64_t c = x.c(), pixels = x.h() * x.w();
    parallel_for(0, x.n(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t image = begin; image < end; ++image) {
        std::vector<double> sums(static_cast<std::size_t>(c));
        sum_values_in_blocks<T>(
            x, image * pixels, (image + 1) * pixels, [](T value, std::int64_t) { return value; }, sums.data());
        T* out = y.row<T>(image);
        for (std::int64_t i = 0; i < c; ++i) {
          out[i] = static_cast<T>(sums[static_cast<std::size_t>(i)] / static_cast<double>(pixels));
        }
      }
    });
  });
}

void global_average_pool_backward(const Tensor& dy, const Tensor& dx, float beta) {
  check_global_pool("global_average_pool_backward", dx, dy);
  dispatch_float("global_average_pool_backward", dy, [&]<class T>() {
    const std::int64_t pixels = dx.h() * dx.w();
    const T share = T(1) / static_cast<T>(pixels);
    parallel_for(0, dx.rows(), rows_per_chunk(dx.c()), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        scale_row(dx.c(), beta, dx.row<T>(row));
        add_scaled(dx.c(), share, dy.row<T>(row / pixels), dx.row<T>(row));
      }
    });
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(average_pool_forward, cpu::average_pool_forward);
NN_DEFINE_KERNEL(average_pool_backward, cpu::average_pool_backward);
NN_DEFINE_KERNEL(global_average_pool_forward, cpu::global_average_pool_forward);
NN_DEFINE_KERNEL(global_average_pool_backward, cpu::global_average_pool_backward);

}  // namespace nn
