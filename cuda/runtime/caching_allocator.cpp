#include "cuda/runtime/caching_allocator.h"

#include <iomanip>
#include <sstream>
#include <string>

#include "nn/core/error.h"

namespace cuda {
namespace {

std::string readable(std::size_t bytes) {
  std::ostringstream out;
  const double mebibytes = static_cast<double>(bytes) / (1 << 20U);
  out << std::fixed << std::setprecision(1);
  if (mebibytes >= 1024) {
    out << mebibytes / 1024 << " GiB";
  } else {
    out << mebibytes << " MiB";
  }
  return out.str();
}

}  // namespace

void* CachingAllocator::allocate(std::size_t bytes) {
  NN_CHECK(bytes < (std::size_t{1} << 46U), "[memory] a tensor of ", bytes, " bytes is too large");
  const std::lock_guard lock(mutex_);
  const bool in_recording = recording_ != nullptr && recording_thread_ == std::this_thread::get_id();
  MemoryPool& pool = in_recording ? *recording_ : shared_;
  void* block = pool.allocate(bytes);
  if (block == nullptr && recording_ == nullptr) {  // giving memory back would disturb a recording
    shared_.release_unused();
    block = pool.allocate(bytes);
  }
  if (block == nullptr) out_of_memory(bytes);
  return block;
}

void CachingAllocator::out_of_memory(std::size_t bytes) {
  const SegmentSource::Room room = source_.room();
  const Use now = use_locked();
  throw nn::Error(nn::message("[memory] ", readable(bytes), " more do not fit ", place_, ": tensors use ",
                              readable(now.used), ", memory kept for them ", readable(now.reserved - now.used),
                              ", free are ", readable(room.free), " of ", readable(room.total),
                              "; a smaller batch or size needs less"));
}

void CachingAllocator::deallocate(void* block, std::size_t /*bytes*/) noexcept {
  const std::lock_guard lock(mutex_);
  for (auto arena = arenas_.begin(); arena != arenas_.end(); ++arena) {
    if (!arena->pool.owns(block)) continue;
    arena->pool.deallocate(block);
    if (arena->abandoned && arena->pool.used() == 0) arenas_.erase(arena);
    return;
  }
  shared_.deallocate(block);
}

void CachingAllocator::release_unused() noexcept {
  const std::lock_guard lock(mutex_);
  shared_.release_unused();
}

CachingAllocator::Use CachingAllocator::use() const {
  const std::lock_guard lock(mutex_);
  return use_locked();
}

CachingAllocator::Use CachingAllocator::use_locked() const {
  Use sum = {.used = shared_.used(), .reserved = shared_.reserved()};
  for (const ArenaPool& arena : arenas_) {
    sum.used += arena.pool.used();
    sum.reserved += arena.pool.reserved();
  }
  return sum;
}

CachingAllocator::Arena::Arena(CachingAllocator& allocator) : allocator_(allocator) {
  const std::lock_guard lock(allocator_.mutex_);
  pool_ = allocator_.arenas_.emplace(allocator_.arenas_.end(), allocator_.source_);
}

CachingAllocator::Arena::~Arena() {
  const std::lock_guard lock(allocator_.mutex_);
  if (pool_->pool.used() == 0) {
    allocator_.arenas_.erase(pool_);
  } else {
    pool_->abandoned = true;
  }
}

CachingAllocator::Recording::Recording(Arena& arena) : allocator_(arena.allocator_) {
  const std::lock_guard lock(allocator_.mutex_);
  NN_CHECK(allocator_.recording_ == nullptr, "[step] one step is being recorded already");
  allocator_.recording_ = &arena.pool_->pool;
  allocator_.recording_thread_ = std::this_thread::get_id();
}

CachingAllocator::Recording::~Recording() {
  const std::lock_guard lock(allocator_.mutex_);
  allocator_.recording_ = nullptr;
}

}  // namespace cuda
