#include "cuda/kernels/staging.h"

#include "cuda/kernels/staging_threads.h"
#include "cuda/launch/channel_map.cuh"
#include "cuda/launch/dispatch.h"
#include "cuda/launch/launch.cuh"
#include "nn/kernels/check.h"

namespace cuda {
namespace {

using nn::DType;
using nn::Tensor;

float* data_or_null(const Tensor& vector) { return vector.defined() ? vector.data<float>() : nullptr; }

template <class T, int width>
void copy_as(const Tensor& x, const Tensor& z) {
  for_each_piece(z.rows(), z.c(), width, [&](const Piece& piece) {
    const VectorGrid grid(piece.rows, piece.c, width);
    launch(Gather<T, width>{grid,
                            {x.data<T>() + piece.row * x.pitch() + piece.column, x.pitch()},
                            x.rows() - piece.row,
                            x.c() - piece.column,
                            rows_of<T>(z, piece.row, piece.column)},
           grid.blocks());
  });
}

template <class T>
void copy(const Tensor& x, const Tensor& z) {
  // An x narrower than a vector is read element by element in any case.
  if (vectors_fit(widest<T>, z) && (x.c() < widest<T> || vectors_fit(widest<T>, x))) {
    copy_as<T, widest<T>>(x, z);
  } else {
    copy_as<T, 1>(x, z);
  }
}

template <class From, class To, int width>
void scatter_as(const Tensor& x, const Tensor& y, float beta) {
  for_each_piece(y.rows(), y.c(), width, [&](const Piece& piece) {
    const VectorGrid grid(piece.rows, piece.c, width);
    launch(Scatter<From, To, width>{grid, rows_of<const From>(x, piece.row, piece.column),
                                    rows_of<To>(y, piece.row, piece.column), beta},
           grid.blocks());
  });
}

}  // namespace

void gather(const Tensor& x, const nn::ConvPrologue& prologue, const Tensor& z) {
  NN_CHECK(x.dtype() == z.dtype() && x.h() == z.h() && x.w() == z.w() && x.n() <= z.n() && x.c() <= z.c(),
           "[gather] does not fit ", x.shape(), " ", x.dtype(), " into ", z.shape(), " ", z.dtype());
  for (const Tensor* vector : {&prologue.scale, &prologue.shift}) {
    if (vector->defined()) nn::check_vector("gather", *vector, x);
  }
  const bool as_it_is = !prologue.scale.defined() && !prologue.shift.defined() && !prologue.relu;
  const bool filled_up = x.rows() != z.rows() || x.c() != z.c();
  dispatch_activation("gather", z, [&]<class T>() {
    if (as_it_is || filled_up) copy<T>(x, z);
    if (as_it_is) return;
    const Tensor inside = z.batch_range(0, x.n()).channel_range(0, x.c()), from = filled_up ? inside : x;
    const Prologue function{data_or_null(prologue.scale), data_or_null(prologue.shift), prologue.relu};
    dispatch_width<T>([&]<int width>() { map_channels<T, width>(function, from, inside, 0); }, from, inside);
  });
}

void scatter(const Tensor& x, const Tensor& y, float beta) {
  NN_CHECK(x.h() == y.h() && x.w() == y.w() && x.n() >= y.n() && x.c() >= y.c(), "[scatter] does not fill ", y.shape(),
           " from ", x.shape());
  NN_CHECK(y.dtype() == x.dtype() || y.dtype() == DType::f32, "[scatter] writes ", x.dtype(), " or f32, got ",
           y.dtype());
  dispatch_activation("scatter", x, [&]<class From>() {
    dispatch_width<From>(
        [&]<int width>() {
          if (y.dtype() == DType::f32) {
            scatter_as<From, float, width>(x, y, beta);
          } else {
            scatter_as<From, From, width>(x, y, beta);
          }
        },
        x, y);
  });
}

}  // namespace cuda
