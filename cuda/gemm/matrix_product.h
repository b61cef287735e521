// Linear layers and 1x1 convolutions, said as matrix products on the tensors' own memory. Plain data, no device: tested
// on the CPU. cuda/gemm/gemm.h computes them.
#pragma once

#include <cstdint>

#include "nn/core/dtype.h"
#include "nn/kernels/conv.h"
#include "nn/tensor/tensor.h"

namespace cuda {

/// A matrix in row-major order: element (i, j) is data[i * row_stride + j]. A tensor is one of rows() x c(), a slice of
/// channels one whose row_stride is wider than its columns.
struct Matrix {
  void* data = nullptr;
  nn::DType dtype = nn::DType::f32;
  std::int64_t rows = 0, columns = 0;
  std::int64_t row_stride = 0;  // in elements
};

/// c = relu?(alpha op(a) op(b) + beta c + bias), op transposes or does nothing. a and b have one type, f32 or bf16; c
/// is f32 or bf16. Products are summed in f32 and rounded once, to c's type. beta 0: c is not read.
struct MatrixProduct {
  Matrix a{}, b{}, c{};
  bool transpose_a = false, transpose_b = false;
  float alpha = 1, beta = 0;
  const void* bias = nullptr;  // c.columns values of c's type, added to every row; or null
  bool relu = false;
};

/// The tensor's pixels as rows, its channels as columns. An error unless it is f32 or bf16.
Matrix matrix_of(const nn::Tensor& t);

/// True if a convolution with weights w is a product of each pixel's channels with w: a kernel of 1x1, stride 1, no
/// padding.
bool is_pointwise(const nn::Tensor& w, const nn::ConvGeometry& geometry);

// The three products of a layer whose output rows are y = x w^T. Each takes a linear layer's tensors, x {rows,1,1,in},
// w {out,1,1,in}, y {rows,1,1,out}, or those of a pointwise convolution, x {n,h,w,in}, y {n,h,w,out}, slices of
// channels included. x, w, bias, y, dx have one type, f32 or bf16; dw is f32. An error names what does not fit.

/// y = relu?(x w^T + beta y + bias); bias {1,1,1,out} or undefined. Note that beta y comes before the ReLU, in
/// nn::ConvEpilogue after it: they agree unless both are asked for.
MatrixProduct forward_product(const nn::Tensor& x, const nn::Tensor& w, const nn::Tensor& bias, bool relu, float beta,
                              const nn::Tensor& y);
/// dx = dy w + beta dx
MatrixProduct data_gradient_product(const nn::Tensor& dy, const nn::Tensor& w, const nn::Tensor& dx, float beta);
/// dw = dy^T x + beta dw
MatrixProduct weight_gradient_product(const nn::Tensor& x, const nn::Tensor& dy, const nn::Tensor& dw, float beta);

}  // namespace cuda
