// Element-wise kernels over tensors of one shape and type, any pitches.
#pragma once

#include "cuda/launch/dispatch.h"
#include "cuda/launch/elementwise.h"
#include "cuda/launch/launch.cuh"
#include "nn/kernels/check.h"

namespace cuda {

/// body(Piece) for pieces of tensors of one shape: rows x c, or one row of all elements where all are contiguous.
template <class Body, class... Tensors>
void for_each_piece_of(int width, const Body& body, const nn::Tensor& first, const Tensors&... others) {
  const bool flat = first.contiguous() && (others.contiguous() && ...);
  for_each_piece(flat ? 1 : first.rows(), flat ? first.elements() : first.c(), width, body);
}

template <class T, int width, class F, class... Tensors>
void map_as(const F& f, float beta, const nn::Tensor& out, const Tensors&... in) {
  for_each_piece_of(
      width,
      [&](const Piece& piece) {
        const VectorGrid grid(piece.rows, piece.c, width);
        launch(Map<F, T, width, sizeof...(in)>{grid,
                                               f,
                                               {rows_of<const T>(in, piece.row, piece.column)...},
                                               rows_of<T>(out, piece.row, piece.column),
                                               beta},
               grid.blocks());
      },
      out, in...);
}

/// out = f(in...) + beta * out, element by element; with beta 0, out is not read. f takes and returns floats.
template <class F, class... Tensors>
void map(const char* kernel, const F& f, float beta, const nn::Tensor& out, const Tensors&... in) {
  (nn::check_same(kernel, in, out), ...);
  dispatch_activation(kernel, out, [&]<class T>() {
    dispatch_width<T>([&]<int width>() { map_as<T, width>(f, beta, out, in...); }, out, in...);
  });
}

}  // namespace cuda
