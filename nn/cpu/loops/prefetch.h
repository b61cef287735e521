// Asking for memory before it is needed, so that the arithmetic does not wait for it.
#pragma once

#include <cstdint>

namespace nn::cpu {

// Inlined always: to GCC a function that does nothing else has no effect, and calls of it may be left out.

/// Has `rows` rows of `columns` elements brought into the caches. A hint: no address is ever wrong.
template <class T>
[[gnu::always_inline]] inline void prefetch_rows(const T* first, std::int64_t pitch, std::int64_t rows,
                                                 std::int64_t columns) {
  constexpr std::int64_t line = 64 / static_cast<std::int64_t>(sizeof(T));
  for (std::int64_t r = 0; r < rows; ++r, first += pitch) {
    for (std::int64_t k = 0; k < columns; k += line) __builtin_prefetch(first + k, 0, 3);
  }
}

/// The same for the cache line `elements` behind `from`.
[[gnu::always_inline]] inline void prefetch_ahead(const float* from, std::int64_t elements) {
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(from) +
                                                   static_cast<std::uintptr_t>(elements) * sizeof(float)));
}

}  // namespace nn::cpu
