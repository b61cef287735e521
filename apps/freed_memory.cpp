#include "apps/freed_memory.h"

#include <cstdlib>
#include <initializer_list>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace apps {

void keep_freed_memory() {
#if defined(__GLIBC__)
  for (const char* setting : {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"}) {
    if (std::getenv(setting) != nullptr) return;
  }
  // Left alone, glibc raises both with the size of what is freed. Whoever sets one ends that: so the greatest it takes.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

}  // namespace apps
