#include "nn/core/allocator.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>

#include "nn/core/device_runtime.h"
#include "nn/core/error.h"
#include "nn/core/memory_pool.h"
#include "nn/core/recent_blocks.h"
#include "nn/core/short_wait.h"

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

constexpr std::size_t huge_page = std::size_t{2} << 20U;
/// So much may segments of which nothing is in use add to the most that was ever in use at once. The next step of
/// training will ask for what this one took; what it takes in other sizes must not come on top of all of that.
constexpr std::size_t most_beside_peak = std::size_t{2} << 30U;

/// Memory of the system, in huge pages where it has them: a kernel that walks through hundreds of megabytes then waits
/// for few page faults and few address translations.
class HostSource final : public SegmentSource {
 public:
  void* acquire(std::size_t bytes) override {
    const bool huge = keep_freed_blocks && bytes >= huge_page;
    void* segment = nullptr;  // not a byte larger than was asked for, so that AddressSanitizer sees the end of a block
    if (posix_memalign(&segment, huge ? huge_page : MemoryPool::alignment, bytes) != 0) return nullptr;
#if defined(__linux__)
    if (huge) madvise(segment, bytes, MADV_HUGEPAGE);  // a wish; it may be refused
#endif
    return segment;
  }
  void release(void* segment, std::size_t /*bytes*/) noexcept override { std::free(segment); }
  Room room() override { return {}; }  // not known: the system lends more than there is
};

/// One pool for all threads.
class HostPool {
 public:
  void* allocate(std::size_t bytes) {
    NN_CHECK(bytes < (std::size_t{1} << 46U), "[memory] a tensor of ", bytes, " bytes is too large");
    const std::unique_lock lock = ShortWait::lock(mutex_);
    void* block = pool_.allocate(bytes);
    if (block == nullptr) {
      pool_.release_unused();
      block = pool_.allocate(bytes);
    }
    NN_CHECK(block != nullptr, "[memory] cannot allocate ", bytes >> 20U, " MiB; a smaller batch or size needs less");
    most_used_ = std::max(most_used_, pool_.used());
    release_surplus();
    return block;
  }

  void deallocate(void* block) noexcept {
    const std::unique_lock lock = ShortWait::lock(mutex_);
    pool_.deallocate(block);
    release_surplus();
  }

 private:
  void release_surplus() noexcept {
    const std::size_t most_unused = most_used_ + most_beside_peak - pool_.used();
    if (pool_.unused() > most_unused) pool_.release_unused(most_unused);
  }

  std::mutex mutex_;
  HostSource source_;
  std::size_t most_used_ = 0;
  MemoryPool pool_{source_, keep_freed_blocks ? MemoryPool::Freed::kept : MemoryPool::Freed::given_back};
};

HostPool& host_pool() {
  static auto* instance = new HostPool;  // never destroyed: static tensors may outlive it
  return *instance;
}

constexpr auto to_pool = [](void* block) { host_pool().deallocate(block); };

constinit thread_local RecentBlocks recent_blocks;
constinit thread_local bool thread_ends = false;

/// Gives back what a thread keeps when it ends. What is freed after that, by static tensors, goes to the pool.
struct ThreadEnd {
  ~ThreadEnd() {
    thread_ends = true;
    recent_blocks.release_all(to_pool);
  }
};

/// A training step asks for the same sizes again and again: freed blocks are kept and handed out anew, which saves the
/// page faults of fresh memory (for large blocks they cost more than the kernel that fills them).
class HostAllocator final : public Allocator {
 public:
  void* allocate(std::size_t bytes) override {
    void* recent = recent_blocks.take(bytes);
    return recent != nullptr ? recent : host_pool().allocate(bytes);
  }

  void deallocate(void* block, std::size_t bytes) noexcept override {
    if (!keep_freed_blocks || thread_ends) return to_pool(block);
    static const thread_local ThreadEnd at_end;
    recent_blocks.keep(block, bytes, to_pool);
  }
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
