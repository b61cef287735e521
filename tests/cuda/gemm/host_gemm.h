// cuBLASLt's arithmetic on the CPU, written from its definition: D = relu?(alpha op(A) op(B) + beta D + bias), every
// matrix column-major. What the GPU is asked can so be computed without one.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cuda/gemm/gemm_key.h"

namespace test {

inline double element(const cuda::ColumnMajorMatrix& layout, const void* data, std::int64_t row, std::int64_t column) {
  const std::int64_t at = column * layout.leading_dimension + row;
  if (layout.dtype == nn::DType::f32) return static_cast<const float*>(data)[at];
  return static_cast<float>(static_cast<const nn::bfloat16*>(data)[at]);
}

inline void set_element(const cuda::ColumnMajorMatrix& layout, void* data, std::int64_t row, std::int64_t column,
                        double value) {
  const std::int64_t at = column * layout.leading_dimension + row;
  if (layout.dtype == nn::DType::f32) {
    static_cast<float*>(data)[at] = static_cast<float>(value);
  } else {
    static_cast<nn::bfloat16*>(data)[at] = nn::bfloat16(static_cast<float>(value));
  }
}

/// Sums in f64.
inline void multiply_on_host(const cuda::MatrixProduct& product, const nn::DeviceOptions& options = {}) {
  const cuda::GemmKey key = cuda::gemm_key(product, options);
  const void *a = product.b.data, *b = product.a.data;  // the factors exchanged
  const cuda::ColumnMajorMatrix bias_layout{.dtype = key.d.dtype, .rows = key.m(), .columns = 1};
  for (std::int64_t column = 0; column < key.n(); ++column) {
    for (std::int64_t row = 0; row < key.m(); ++row) {
      double sum = 0;
      for (std::int64_t i = 0; i < key.k(); ++i) {
        sum += (key.transpose_a ? element(key.a, a, i, row) : element(key.a, a, row, i)) *
               (key.transpose_b ? element(key.b, b, column, i) : element(key.b, b, i, column));
      }
      double value = product.alpha * sum;
      if (product.beta != 0) value += product.beta * element(key.d, product.c.data, row, column);
      if (key.has_bias()) value += element(bias_layout, product.bias, row, 0);
      if (key.relu) value = std::max(value, 0.0);
      set_element(key.d, product.c.data, row, column, value);
    }
  }
}

}  // namespace test
