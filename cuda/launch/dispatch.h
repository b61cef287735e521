// From a tensor's type to a template.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cuda/launch/elementwise.h"
#include "cuda/launch/launch.h"
#include "nn/tensor/tensor.h"

namespace cuda {

/// Calls body.operator()<T>() with T the element type of an activation.
template <class Body>
void dispatch_activation(const char* kernel, const nn::Tensor& tensor, const Body& body) {
  if (tensor.dtype() == nn::DType::bf16) {
    body.template operator()<nn::bfloat16>();
  } else {
    NN_CHECK(tensor.dtype() == nn::DType::f32, "[", kernel, "] expects f32 or bf16 on CUDA, got ", tensor.dtype());
    body.template operator()<float>();
  }
}

/// Calls body.operator()<T>() with T the element type of `tensor`, whichever it is.
template <class Body>
void dispatch_any(const nn::Tensor& tensor, const Body& body) {
  switch (tensor.dtype()) {
    case nn::DType::f32:
      return body.template operator()<float>();
    case nn::DType::f64:
      return body.template operator()<double>();
    case nn::DType::bf16:
      return body.template operator()<nn::bfloat16>();
    case nn::DType::i16:
      return body.template operator()<std::int16_t>();
    case nn::DType::u8:
      return body.template operator()<std::uint8_t>();
    case nn::DType::i32:
      return body.template operator()<std::int32_t>();
  }
}

/// True if the rows of all tensors can be moved in vectors of `width` elements.
template <class... Tensors>
bool vectors_fit(int width, const Tensors&... tensors) {
  return (vectors_fit(reinterpret_cast<std::uintptr_t>(tensors.raw()), tensors.rows(), tensors.pitch(),
                      nn::size_of(tensors.dtype()), width) &&
          ...);
}

/// Calls body.operator()<width>() with the widest vectors of activations T that all tensors allow: 16 bytes, or single
/// elements.
template <class T, class Body, class... Tensors>
void dispatch_width(const Body& body, const Tensors&... tensors) {
  if (vectors_fit(widest<T>, tensors...)) {
    body.template operator()<widest<T>>();
  } else {
    body.template operator()<1>();
  }
}

/// The elements of a tensor as a kernel addresses them, from `row` and `column` on.
template <class T>
Rows<T> rows_of(const nn::Tensor& tensor, std::int64_t row = 0, std::int64_t column = 0) {
  return {tensor.row<std::remove_const_t<T>>(row) + column, tensor.pitch()};
}

}  // namespace cuda
