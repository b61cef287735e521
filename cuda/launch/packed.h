// A few consecutive elements of a row in a thread's registers, as floats: loads and stores of 16 bytes where the whole
// vector is there, element by element at the end of a row. Compiles for the CPU too, where tests run it.
#pragma once

#include <cstdint>

#include "cuda/launch/launch.h"
#include "nn/core/bfloat16.h"
#include "nn/core/error.h"

namespace cuda {

/// Consecutive elements of type T, moved in as few instructions as can be. The address must be a multiple of the
/// vector's bytes, or of 16 if it has more (vectors_fit in launch.h).
template <class T, int width>
struct alignas(sizeof(T) * width < vector_bytes ? sizeof(T) * width : vector_bytes) Packed {
  T v[width] = {};

  /// The first `count` elements, the others 0.
  NN_HOST_DEVICE static Packed load(const T* from, int count) {
    Packed packed;
    if (count == width) {
      copy(packed.v, from);
    } else {
      NN_UNROLL for (int i = 0; i < width; ++i) {
        if (i < count) packed.v[i] = from[i];
      }
    }
    return packed;
  }
  /// Writes the first `count` elements.
  NN_HOST_DEVICE void store(T* to, int count) const {
    if (count == width) {
      copy(to, v);
    } else {
      NN_UNROLL for (int i = 0; i < width; ++i) {
        if (i < count) to[i] = v[i];
      }
    }
  }

 private:
  static bool is_aligned(const T* address) { return reinterpret_cast<std::uintptr_t>(address) % alignof(Packed) == 0; }

  NN_HOST_DEVICE static void copy(T* to, const T* from) {
#if defined(__CUDA_ARCH__)
    constexpr int bytes = static_cast<int>(sizeof(T)) * width;
    if constexpr (bytes % 16 == 0) {
      NN_UNROLL for (int i = 0; i < bytes / 16; ++i) {
        reinterpret_cast<uint4*>(to)[i] = reinterpret_cast<const uint4*>(from)[i];
      }
    } else if constexpr (bytes == 8) {
      *reinterpret_cast<uint2*>(to) = *reinterpret_cast<const uint2*>(from);
    } else if constexpr (bytes == 4) {
      *reinterpret_cast<std::uint32_t*>(to) = *reinterpret_cast<const std::uint32_t*>(from);
    } else {
      NN_UNROLL for (int i = 0; i < width; ++i) to[i] = from[i];
    }
#else
    NN_CHECK(is_aligned(to) && is_aligned(from), "[packed] a vector of ", sizeof(Packed), " bytes between ", to,
             " and ", from);
    for (int i = 0; i < width; ++i) to[i] = from[i];
#endif
  }
};

/// The largest number of elements of T that one instruction moves.
template <class T>
inline constexpr int widest = vector_bytes / static_cast<int>(sizeof(T));

template <int width>
struct Floats {
  float v[width] = {};
};

/// The first `count` elements as floats, the others 0.
template <int width, class T>
NN_HOST_DEVICE Floats<width> load(const T* from, int count) {
  const auto packed = Packed<T, width>::load(from, count);
  Floats<width> values;
  NN_UNROLL for (int i = 0; i < width; ++i) values.v[i] = static_cast<float>(packed.v[i]);
  return values;
}

/// Writes the first `count` values, rounded to T.
template <int width, class T>
NN_HOST_DEVICE void store(T* to, const Floats<width>& values, int count) {
  Packed<T, width> packed;
  NN_UNROLL for (int i = 0; i < width; ++i) packed.v[i] = static_cast<T>(values.v[i]);
  packed.store(to, count);
}

/// to = values + beta * to. With beta 0, `to` is not read.
template <int width, class T>
NN_HOST_DEVICE void store(T* to, Floats<width> values, int count, float beta) {
  if (beta != 0) {
    const Floats<width> before = load<width>(static_cast<const T*>(to), count);
    NN_UNROLL for (int i = 0; i < width; ++i) values.v[i] += beta * before.v[i];
  }
  store<width>(to, values, count);
}

}  // namespace cuda
