// The vectors of a convolution's prologue and epilogue.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "nn/cpu/loops/elementwise.h"
#include "nn/kernels/check.h"
#include "nn/kernels/conv.h"

namespace nn::cpu {

/// Vectors of a prologue or an epilogue that are given go with the channels of `x`.
inline void check_vectors(const char* kernel, std::initializer_list<const Tensor*> vectors, const Tensor& x) {
  for (const Tensor* vector : vectors) {
    if (vector->defined()) check_vector(kernel, *vector, x);
  }
}

/// The same with the bias as part of the shift: (r + bias) scale + shift = r scale + (bias scale + shift).
inline ConvEpilogue with_bias_in_shift(const ConvEpilogue& given) {
  ConvEpilogue epilogue = given;
  epilogue.bias = {};
  if (!given.bias.defined()) return epilogue;
  epilogue.shift = given.bias;
  if (!given.scale.defined() && !given.shift.defined()) return epilogue;
  epilogue.shift = Tensor::empty(given.bias.shape(), given.bias.dtype());
  dispatch_float("conv2d", given.bias, [&]<class T>() {
    for (std::int64_t k = 0; k < given.bias.c(); ++k) {
      const double scale = given.scale.defined() ? static_cast<double>(given.scale.data<T>()[k]) : 1;
      const double shift = given.shift.defined() ? static_cast<double>(given.shift.data<T>()[k]) : 0;
      epilogue.shift.data<T>()[k] = static_cast<T>(static_cast<double>(given.bias.data<T>()[k]) * scale + shift);
    }
  });
  return epilogue;
}

}  // namespace nn::cpu
