// Asking memory for rows before they are read. Rows that convolutions read and write are often pieces of longer ones
// (the first channels of a dense block), whose ends the processor's own prefetcher does not foresee.
#pragma once

#include <hwy/cache_control.h>

#include <cstdint>

namespace nn::cpu {

/// Asks for the cache line `elements` behind `from`, which may lie behind the end of its memory: that is no access.
inline void prefetch_ahead(const float* from, std::int64_t elements) {
  hwy::Prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(from) +
                                              static_cast<std::uintptr_t>(elements) * sizeof(float)));
}

}  // namespace nn::cpu
