#include "cuda/kernels/max_pool.h"

#include "cuda/launch/pool.cuh"

namespace cuda {
namespace {

using nn::Tensor;

/// Calls body.operator()<Index>() with the type of argmax.
template <class Body>
void dispatch_index(const nn::PoolGeometry& geometry, const Body& body) {
  if (nn::argmax_dtype(geometry) == nn::DType::u8) {
    body.template operator()<std::uint8_t>();
  } else {
    body.template operator()<std::int32_t>();
  }
}

/// Images [begin, end) of a tensor that may be undefined.
Tensor images(const Tensor& tensor, std::int64_t begin, std::int64_t end) {
  return tensor.defined() ? tensor.batch_range(begin, end) : tensor;
}

template <class T, class Index, int width>
void forward_as(const Tensor& x, const nn::PoolGeometry& geometry, const Tensor& y, const Tensor& argmax) {
  const VectorGrid grid(y.rows(), y.c(), width);
  launch(MaxPoolForward<T, Index, width>{grid,
                                         {y.h(), y.w()},
                                         {x.shape(), y.shape(), geometry},
                                         rows_of<const T>(x),
                                         rows_of<T>(y),
                                         argmax.defined() ? rows_of<Index>(argmax) : Rows<Index>{nullptr, 0}},
         grid.blocks());
}

template <class T, class Index, int width>
void backward_as(const Tensor& dy, const Tensor& argmax, const nn::PoolGeometry& geometry, const Tensor& dx,
                 float beta) {
  const VectorGrid grid(dx.rows(), dx.c(), width);
  launch(MaxPoolBackward<T, Index, width>{grid,
                                          {dx.h(), dx.w()},
                                          {dx.shape(), dy.shape(), geometry},
                                          rows_of<const T>(dy),
                                          rows_of<const Index>(argmax),
                                          rows_of<T>(dx),
                                          beta},
         grid.blocks());
}

void max_pool_forward(const Tensor& x, const nn::PoolGeometry& geometry, const Tensor& y, const Tensor& argmax) {
  nn::check_pool("max_pool", x, geometry, y);
  if (argmax.defined()) nn::check_argmax("max_pool", argmax, geometry, y);
  dispatch_activation("max_pool", x, [&]<class T>() {
    dispatch_index(geometry, [&]<class Index>() {
      dispatch_width<T>(
          [&]<int width>() {
            for_each_batch(y, width, [&](std::int64_t begin, std::int64_t end) {
              forward_as<T, Index, width>(x.batch_range(begin, end), geometry, y.batch_range(begin, end),
                                          images(argmax, begin, end));
            });
          },
          x, y, argmax.defined() ? argmax : y);
    });
  });
}

void max_pool_backward(const Tensor& dy, const Tensor& argmax, const nn::PoolGeometry& geometry, const Tensor& dx,
                       float beta) {
  nn::check_pool("max_pool_backward", dx, geometry, dy);
  nn::check_argmax("max_pool_backward", argmax, geometry, dy);
  dispatch_activation("max_pool_backward", dy, [&]<class T>() {
    dispatch_index(geometry, [&]<class Index>() {
      dispatch_width<T>(
          [&]<int width>() {
            for_each_batch(dx, width, [&](std::int64_t begin, std::int64_t end) {
              backward_as<T, Index, width>(dy.batch_range(begin, end), argmax.batch_range(begin, end), geometry,
                                           dx.batch_range(begin, end), beta);
            });
          },
          dy, argmax, dx);
    });
  });
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(max_pool_forward, Device::cuda, cuda::max_pool_forward);
NN_FILL_KERNEL(max_pool_backward, Device::cuda, cuda::max_pool_backward);

}  // namespace nn
