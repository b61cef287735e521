// Loops over all elements of tensors of one shape, for the element-wise kernels of this folder.
#pragma once

#include <algorithm>
#include <cstdint>

#include "nn/core/parallel.h"
#include "nn/kernels/check.h"
#include "nn/tensor/tensor.h"

namespace nn::cpu {

/// Calls body.operator()<T>() with T the element type of `tensor`: the step from a tensor's dtype to a template.
template <class Body>
void dispatch_float(const char* kernel, const Tensor& tensor, const Body& body) {
  if (tensor.dtype() == DType::f32) {
    body.template operator()<float>();
  } else {
    NN_CHECK(tensor.dtype() == DType::f64, "[", kernel, "] expects f32 or f64 on the CPU, got ", tensor.dtype());
    body.template operator()<double>();
  }
}

/// Elements that one chunk of an element-wise loop handles: large enough to hide the cost of starting it.
inline constexpr std::int64_t elements_per_chunk = 1 << 15;

/// Rows that one chunk handles when each row has `c` elements.
inline std::int64_t rows_per_chunk(std::int64_t c) { return std::max<std::int64_t>(1, elements_per_chunk / c); }

/// loop(count, pointers...): `count` consecutive elements, in parallel over the tensors' rows; whole chunks of rows at
/// once where every tensor is contiguous.
template <class T, class Loop, class... Tensors>
void for_each_run(const Loop& loop, const Tensor& first, const Tensors&... others) {
  const bool flat = first.contiguous() && (others.contiguous() && ...);
  const std::int64_t c = flat ? 1 : first.c();
  const std::int64_t rows = flat ? first.elements() : first.rows();
  parallel_for(0, rows, rows_per_chunk(c), [&](std::int64_t begin, std::int64_t end) {
    if (flat) {
      loop(end - begin, first.data<T>() + begin, (others.template data<T>() + begin)...);
      return;
    }
    for (std::int64_t r = begin; r < end; ++r) loop(c, first.row<T>(r), others.template row<T>(r)...);
  });
}

/// y = f(x), element by element.
template <class F>
void unary(const char* kernel, const F& f, const Tensor& x, const Tensor& y) {
  check_same(kernel, x, y);
  dispatch_float(kernel, x, [&]<class T>() {
    for_each_run<T>(
        [&](std::int64_t count, const T* in, T* out) {
          for (std::int64_t i = 0; i < count; ++i) out[i] = f(in[i]);
        },
        x, y);
  });
}

/// out = f(a, b) + beta * out; with beta 0, out is not read.
template <class F>
void binary(const char* kernel, const F& f, const Tensor& a, const Tensor& b, const Tensor& out, float beta) {
  check_same(kernel, a, b);
  check_same(kernel, a, out);
  dispatch_float(kernel, a, [&]<class T>() {
    for_each_run<T>(
        [&](std::int64_t count, const T* left, const T* right, T* to) {
          if (beta == 0) {
            for (std::int64_t i = 0; i < count; ++i) to[i] = f(left[i], right[i]);
          } else {
            for (std::int64_t i = 0; i < count; ++i) to[i] = f(left[i], right[i]) + T(beta) * to[i];
          }
        },
        a, b, out);
  });
}

}  // namespace nn::cpu
