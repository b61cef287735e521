// A row of channels of a maximum pool's window: which of them are larger, and where a gradient goes. Plain loops; for
// what networks have, floats and windows of at most 256 pixels, in Highway.
#pragma once

#include <cstdint>

#include "nn/functors/pool.h"

namespace nn::cpu {

/// best = max(x, best), and from = position where x is larger; `from` may be null.
template <class T, class Index>
void take_larger(std::int64_t c, const T* x, Index position, T* best, Index* from) {
  for (std::int64_t i = 0; i < c; ++i) {
    if (!functors::is_larger(x[i], best[i])) continue;
    best[i] = x[i];
    if (from != nullptr) from[i] = position;
  }
}
template <>
void take_larger(std::int64_t c, const float* x, std::uint8_t position, float* best, std::uint8_t* from);

/// dx += dy where the window's maximum came from `position`.
template <class T, class Index>
void add_where(std::int64_t c, const T* dy, const Index* from, Index position, T* dx) {
  for (std::int64_t i = 0; i < c; ++i) dx[i] += from[i] == position ? dy[i] : T(0);
}
template <>
void add_where(std::int64_t c, const float* dy, const std::uint8_t* from, std::uint8_t position, float* dx);

}  // namespace nn::cpu
