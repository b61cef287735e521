#include "cuda/kernels/average_pool.h"

#include "cuda/launch/pool.cuh"

namespace cuda {
namespace {

using nn::Tensor;

template <class T, int width>
void forward_as(const Tensor& x, const nn::PoolGeometry& geometry, bool count_padding, const Tensor& y) {
  const VectorGrid grid(y.rows(), y.c(), width);
  launch(
      AveragePoolForward<T, width>{
          grid, {y.h(), y.w()}, {x.shape(), y.shape(), geometry}, count_padding, rows_of<const T>(x), rows_of<T>(y)},
      grid.blocks());
}

template <class T, int width>
void backward_as(const Tensor& dy, const nn::PoolGeometry& geometry, bool count_padding, const Tensor& dx, float beta) {
  const VectorGrid grid(dx.rows(), dx.c(), width);
  launch(AveragePoolBackward<T, width>{grid,
                                       {dx.h(), dx.w()},
                                       {dx.shape(), dy.shape(), geometry},
                                       count_padding,
                                       rows_of<const T>(dy),
                                       rows_of<T>(dx),
                                       beta},
         grid.blocks());
}

void average_pool_forward(const Tensor& x, const nn::PoolGeometry& geometry, bool count_padding, const Tensor& y) {
  nn::check_pool("average_pool", x, geometry, y);
  dispatch_activation("average_pool", x, [&]<class T>() {
    dispatch_width<T>(
        [&]<int width>() {
          for_each_batch(y, width, [&](std::int64_t begin, std::int64_t end) {
            forward_as<T, width>(x.batch_range(begin, end), geometry, count_padding, y.batch_range(begin, end));
          });
        },
        x, y);
  });
}

void average_pool_backward(const Tensor& dy, const nn::PoolGeometry& geometry, bool count_padding, const Tensor& dx,
                           float beta) {
  nn::check_pool("average_pool_backward", dx, geometry, dy);
  dispatch_activation("average_pool_backward", dy, [&]<class T>() {
    dispatch_width<T>(
        [&]<int width>() {
          for_each_batch(dx, width, [&](std::int64_t begin, std::int64_t end) {
            backward_as<T, width>(dy.batch_range(begin, end), geometry, count_padding, dx.batch_range(begin, end),
                                  beta);
          });
        },
        dy, dx);
  });
}

void global_average_pool_forward(const Tensor& x, const Tensor& y) {
  nn::check_global_pool("global_average_pool", x, y);
  dispatch_activation("global_average_pool", x, [&]<class T>() {
    dispatch_width<T>(
        [&]<int width>() {
          const GlobalAverageForward<T, width> body(x.n(), x.h() * x.w(), x.c(), rows_of<const T>(x), rows_of<T>(y));
          launch_combining(body, body.blocks());
        },
        x, y);
  });
}

template <class T, int width>
void global_backward_as(const Tensor& dy, const Tensor& dx, float beta) {
  const std::int64_t pixels = dx.h() * dx.w();
  const VectorGrid grid(dx.rows(), dx.c(), width);
  launch(GlobalAverageBackward<T, width>{grid, Divisor(static_cast<std::uint32_t>(pixels)),
                                         1.0F / static_cast<float>(pixels), rows_of<const T>(dy), rows_of<T>(dx), beta},
         grid.blocks());
}

void global_average_pool_backward(const Tensor& dy, const Tensor& dx, float beta) {
  nn::check_global_pool("global_average_pool_backward", dx, dy);
  dispatch_activation("global_average_pool_backward", dy, [&]<class T>() {
    dispatch_width<T>(
        [&]<int width>() {
          for_each_batch(dx, width, [&](std::int64_t begin, std::int64_t end) {
            global_backward_as<T, width>(dy.batch_range(begin, end), dx.batch_range(begin, end), beta);
          });
        },
        dy, dx);
  });
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(average_pool_forward, Device::cuda, cuda::average_pool_forward);
NN_FILL_KERNEL(average_pool_backward, Device::cuda, cuda::average_pool_backward);
NN_FILL_KERNEL(global_average_pool_forward, Device::cuda, cuda::global_average_pool_forward);
NN_FILL_KERNEL(global_average_pool_backward, Device::cuda, cuda::global_average_pool_backward);

}  // namespace nn
