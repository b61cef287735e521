// Memory for tensors, one allocator per device.
#pragma once

#include <cstddef>

#include "nn/core/device.h"

namespace nn {

/// Blocks are aligned to 64 bytes at least. Any thread may call.
class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void deallocate(void* block, std::size_t bytes) noexcept = 0;
};

/// The device's allocator; an error says why there is none (a build without CUDA, a machine without a GPU).
Allocator& allocator(Device device);
/// Memory of the host that copies to and from devices without the host waiting: page-locked if this program has a
/// device that needs it, otherwise ordinary.
Allocator& pinned_allocator();

/// Bytes of tensors alive now and at most so far.
struct MemoryUse {
  std::size_t live = 0, peak = 0;
};
MemoryUse memory_use(Device device);
/// Makes the present use the new peak.
void reset_peak_memory(Device device);

namespace detail {
void count_allocation(Device device, std::size_t bytes);
void count_deallocation(Device device, std::size_t bytes);
}  // namespace detail

}  // namespace nn
