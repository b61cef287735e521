// The element types a tensor can hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>

#include "nn/core/bfloat16.h"

namespace nn {

enum class DType { f32, f64, bf16, i16, u8, i32 };

inline constexpr std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return 4;
    case DType::f64:
      return 8;
    case DType::bf16:
      return 2;
    case DType::i16:
      return 2;
    case DType::u8:
      return 1;
    case DType::i32:
      return 4;
  }
  return 0;
}

inline constexpr const char* name(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::f64:
      return "f64";
    case DType::bf16:
      return "bf16";
    case DType::i16:
      return "i16";
    case DType::u8:
      return "u8";
    case DType::i32:
      return "i32";
  }
  return "?";
}
inline std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name(dtype); }

/// The type of what must not be rounded to bf16 in a network that computes in `dtype`: per-channel vectors (statistics,
/// batch norm's scale and shift) and the gradients of parameters.
inline constexpr DType full_precision(DType dtype) { return dtype == DType::bf16 ? DType::f32 : dtype; }

/// dtype_of<float> == DType::f32, and so on; other types do not compile.
template <class T>
inline constexpr DType dtype_of = T::is_no_element_type;
template <>
inline constexpr DType dtype_of<float> = DType::f32;
template <>
inline constexpr DType dtype_of<double> = DType::f64;
template <>
inline constexpr DType dtype_of<bfloat16> = DType::bf16;
template <>
inline constexpr DType dtype_of<std::int16_t> = DType::i16;
template <>
inline constexpr DType dtype_of<std::uint8_t> = DType::u8;
template <>
inline constexpr DType dtype_of<std::int32_t> = DType::i32;

}  // namespace nn
