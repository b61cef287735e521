// Memory for tensors out of pools: freed blocks are kept for the next request, because cudaMalloc and cudaHostAlloc are
// slow and wait for the device. A recorded step has a pool of its own.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "nn/core/allocator.h"
#include "nn/core/memory_pool.h"

namespace cuda {

using nn::MemoryPool;
using nn::SegmentSource;

/// A block may be handed out again while kernels queued by its former owner still run: whoever gets it queues behind
/// them on the one stream. Any thread may call.
class CachingAllocator final : public nn::Allocator {
  struct ArenaPool;

 public:
  /// `place` is for error messages: "on the GPU". The source must outlive the allocator. `freed`: what becomes of
  /// blocks outside of arenas.
  CachingAllocator(SegmentSource& source, const char* place, MemoryPool::Freed freed = MemoryPool::Freed::kept)
      : source_(source), place_(place), shared_(source, freed) {}

  void* allocate(std::size_t bytes) override;
  void deallocate(void* block, std::size_t bytes) noexcept override;
  /// Gives back to the source what is kept and not in use.
  void release_unused() noexcept;

  /// Memory of one recorded step, which no one else gets until the arena is gone; and then not before the last block in
  /// use is freed.
  class Arena {
   public:
    explicit Arena(CachingAllocator& allocator);
    ~Arena();
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

   private:
    friend class CachingAllocator;
    CachingAllocator& allocator_;
    std::list<ArenaPool>::iterator pool_;
  };

  /// While it lives, what this thread allocates comes from the arena; blocks freed meanwhile may be handed out again
  /// within it. One at a time.
  class Recording {
   public:
    explicit Recording(Arena& arena);
    ~Recording();
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

   private:
    CachingAllocator& allocator_;
  };

  /// Bytes of blocks in use, and bytes taken from the source.
  struct Use {
    std::size_t used = 0, reserved = 0;
  };
  Use use() const;

 private:
  struct ArenaPool {
    explicit ArenaPool(SegmentSource& source) : pool(source) {}
    MemoryPool pool;
    bool abandoned = false;  // its arena is gone; it goes when its last block is freed
  };

  Use use_locked() const;
  [[noreturn]] void out_of_memory(std::size_t bytes);

  SegmentSource& source_;
  const char* place_;
  mutable std::mutex mutex_;
  MemoryPool shared_;
  std::list<ArenaPool> arenas_;
  MemoryPool* recording_ = nullptr;
  std::thread::id recording_thread_;
};

}  // namespace cuda
