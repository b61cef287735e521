// The two caching allocators of the process: memory of the GPU, and page-locked memory of the host.
#pragma once

#include "cuda/runtime/caching_allocator.h"

namespace cuda {

CachingAllocator& device_memory();
/// What is freed may be handed out and written again at once: a block must stay until the copies that use it are done
/// (nn::Transfer::wait, nn::synchronize).
CachingAllocator& pinned_memory();

}  // namespace cuda
