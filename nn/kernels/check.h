// What the kernels of every backend ask of their tensors.
#pragma once

#include "nn/tensor/tensor.h"

namespace nn {

inline void check_same(const char* kernel, const Tensor& a, const Tensor& b) {
  NN_CHECK(a.shape() == b.shape() && a.dtype() == b.dtype(), "[", kernel, "] expects equal shapes and types, got ",
           a.shape(), " ", a.dtype(), " and ", b.shape(), " ", b.dtype());
}

/// A vector {1, 1, 1, c} that goes with x's channels: of x's type, but f32 beside bf16.
inline void check_vector(const char* kernel, const Tensor& vector, const Tensor& x) {
  const DType dtype = full_precision(x.dtype());
  NN_CHECK(vector.shape() == vector_shape(x.c()) && vector.dtype() == dtype, "[", kernel, "] expects a vector ",
           vector_shape(x.c()), " ", dtype, ", got ", vector.shape(), " ", vector.dtype());
}

}  // namespace nn
