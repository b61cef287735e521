#include "cuda/kernels/fill.h"

#include "cuda/launch/elementwise.cuh"
#include "nn/kernels/fill.h"

namespace cuda {
namespace {

using nn::Tensor;

void fill(double value, const Tensor& y) {
  dispatch_any(y, [&]<class T>() {
    for_each_piece_of(
        1,
        [&](const Piece& piece) {
          const VectorGrid grid(piece.rows, piece.c, 1);
          launch(Fill<T>{grid, nn::functors::convert<T>(value), rows_of<T>(y, piece.row, piece.column)}, grid.blocks());
        },
        y);
  });
}

template <class From, class To>
void cast_as(const Tensor& x, const Tensor& y) {
  for_each_piece_of(
      1,
      [&](const Piece& piece) {
        const VectorGrid grid(piece.rows, piece.c, 1);
        launch(Cast<From, To>{grid, rows_of<const From>(x, piece.row, piece.column),
                              rows_of<To>(y, piece.row, piece.column)},
               grid.blocks());
      },
      x, y);
}

void cast(const Tensor& x, const Tensor& y) {
  NN_CHECK(x.shape() == y.shape(), "[cast] from shape ", x.shape(), " to ", y.shape());
  dispatch_any(x, [&]<class From>() { dispatch_any(y, [&]<class To>() { cast_as<From, To>(x, y); }); });
}

void copy_if(const Tensor& flag, const Tensor& x, const Tensor& y) {
  nn::check_copy_if(flag, x, y);
  const auto copy = [&]<class T>() {
    for_each_piece_of(
        1,
        [&](const Piece& piece) {
          const VectorGrid grid(piece.rows, piece.c, 1);
          launch(CopyIf<T>{grid, flag.data<double>(), rows_of<const T>(x, piece.row, piece.column),
                           rows_of<T>(y, piece.row, piece.column)},
                 grid.blocks());
        },
        x, y);
  };
  if (x.dtype() == nn::DType::f64) {
    copy.operator()<double>();
  } else {
    copy.operator()<float>();
  }
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(fill, Device::cuda, cuda::fill);
NN_FILL_KERNEL(cast, Device::cuda, cuda::cast);
NN_FILL_KERNEL(copy_if, Device::cuda, cuda::copy_if);

}  // namespace nn
