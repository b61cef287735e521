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

/// The device's allocator; an error names the device that has none (a build without CUDA).
Allocator& allocator(Device device);
/// cuda/ enters its own here when it is loaded.
void set_allocator(Device device, Allocator* allocator);
bool has_device(Device device);

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
