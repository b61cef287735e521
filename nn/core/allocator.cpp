#include "nn/core/allocator.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "nn/core/device_runtime.h"
#include "nn/core/error.h"

namespace nn {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool keep_freed_blocks = false;  // a block that is kept hides its use after free
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool keep_freed_blocks = false;
#else
constexpr bool keep_freed_blocks = true;
#endif
#else
constexpr bool keep_freed_blocks = true;
#endif

constexpr std::size_t alignment = 64;
constexpr std::size_t most_kept = std::size_t{2} << 30U;

/// A training step asks for the same sizes again and again: freed blocks are kept by size and handed out anew,
/// which saves the page faults of fresh memory (for large blocks they cost more than the kernel that fills them).
class HostAllocator final : public Allocator {
 public:
  void* allocate(std::size_t bytes) override {
    const std::size_t size = rounded(bytes);
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = kept_.find(size); found != kept_.end() && !found->second.empty()) {
        void* block = found->second.back();
        found->second.pop_back();
        kept_bytes_ -= size;
        return block;
      }
    }
    void* block = std::aligned_alloc(alignment, size);
    if (block == nullptr) {
      release_kept();
      block = std::aligned_alloc(alignment, size);
    }
    NN_CHECK(block != nullptr, "[memory] cannot allocate ", size >> 20U, " MiB; a smaller batch or size needs less");
    return block;
  }

  void deallocate(void* block, std::size_t bytes) noexcept override {
    const std::size_t size = rounded(bytes);
    if (keep_freed_blocks) {
      const std::lock_guard lock(mutex_);
      if (kept_bytes_ + size <= most_kept) {
        try {
          kept_[size].push_back(block);
          kept_bytes_ += size;
          return;
        } catch (...) {  // no memory to remember the block: give it back instead
        }
      }
    }
    std::free(block);
  }

 private:
  static std::size_t rounded(std::size_t bytes) {
    NN_CHECK(bytes < (std::size_t{1} << 46U), "[memory] a tensor of ", bytes, " bytes is too large");
    return bytes == 0 ? alignment : (bytes + alignment - 1) / alignment * alignment;
  }
  void release_kept() {
    const std::lock_guard lock(mutex_);
    for (auto& [size, blocks] : kept_) {
      for (void* block : blocks) std::free(block);
    }
    kept_.clear();
    kept_bytes_ = 0;
  }

  std::mutex mutex_;
  std::unordered_map<std::size_t, std::vector<void*>> kept_;
  std::size_t kept_bytes_ = 0;
};

struct MemoryCounts {
  std::atomic<std::size_t> live{0}, peak{0};
};

MemoryCounts& counts(Device device) {
  static MemoryCounts devices[device_count];
  return devices[static_cast<int>(device)];
}

HostAllocator& host_allocator() {
  static auto* instance = new HostAllocator;  // never destroyed: static tensors may outlive it
  return *instance;
}

}  // namespace

Allocator& allocator(Device device) {
  return device == Device::cpu ? host_allocator() : require_runtime(device).memory();
}

Allocator& pinned_allocator() {
  return has_device(Device::cuda) ? require_runtime(Device::cuda).pinned_memory() : host_allocator();
}

MemoryUse memory_use(Device device) { return {.live = counts(device).live, .peak = counts(device).peak}; }

void reset_peak_memory(Device device) { counts(device).peak = counts(device).live.load(); }

void detail::count_allocation(Device device, std::size_t bytes) {
  MemoryCounts& m = counts(device);
  const std::size_t now = m.live += bytes;
  std::size_t peak = m.peak;
  while (now > peak && !m.peak.compare_exchange_weak(peak, now)) {
  }
}

void detail::count_deallocation(Device device, std::size_t bytes) { counts(device).live -= bytes; }

}  // namespace nn
