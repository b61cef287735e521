#include "nn/core/memory_pool.h"

#include <algorithm>
#include <iterator>

namespace nn {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;
constexpr std::size_t small_segment = 2 * mebibyte, middle_segment = 32 * mebibyte, most_middle = 16 * mebibyte;

constexpr std::size_t round_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

constexpr std::size_t rounded(std::size_t bytes) {
  return bytes == 0 ? MemoryPool::alignment : round_up(bytes, MemoryPool::alignment);
}

}  // namespace

std::size_t MemoryPool::segment_bytes(std::size_t request) {
  const std::size_t bytes = rounded(request);
  if (bytes <= most_small) return small_segment;
  if (bytes <= most_middle) return middle_segment;
  return round_up(bytes, 2 * mebibyte);  // the driver's own granularity
}

MemoryPool::~MemoryPool() {
  std::size_t bytes = 0;
  for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) {  // from a segment's end to its beginning
    bytes += block->second.bytes;
    if (!block->second.first) continue;
    source_.release(block->first, bytes);
    bytes = 0;
  }
}

void* MemoryPool::allocate(std::size_t request) {
  if (freed_ == Freed::given_back) return allocate_alone(std::max<std::size_t>(request, 1));
  const std::size_t bytes = rounded(request);
  FreeBlocks& candidates = bytes <= most_small ? small_ : large_;
  const auto fitting = candidates.lower_bound({bytes, nullptr});
  const auto block = fitting != candidates.end() ? blocks_.find(fitting->second) : take_segment(bytes);
  if (block == blocks_.end()) return nullptr;
  split(block, bytes);
  candidates.erase({block->second.bytes, block->first});
  block->second.free = false;
  used_ += block->second.bytes;
  return block->first;
}

void* MemoryPool::allocate_alone(std::size_t bytes) {
  auto* segment = static_cast<char*>(source_.acquire(bytes));
  if (segment == nullptr) return nullptr;
  blocks_.emplace(segment, Block{.bytes = bytes, .free = false, .first = true});
  used_ += bytes;
  reserved_ += bytes;
  return segment;
}

/// A new segment as one free block; the end of the list if the source has none.
MemoryPool::Blocks::iterator MemoryPool::take_segment(std::size_t request) {
  const std::size_t bytes = segment_bytes(request);
  auto* segment = static_cast<char*>(source_.acquire(bytes));
  if (segment == nullptr) return blocks_.end();
  reserved_ += bytes;
  const Block block = {.bytes = bytes, .free = true, .small = request <= most_small, .first = true};
  free_blocks(block).insert({bytes, segment});
  return blocks_.emplace(segment, block).first;
}

/// Cuts a free block after `bytes`, unless what is left is too little for a request of its kind.
void MemoryPool::split(Blocks::iterator block, std::size_t bytes) {
  Block& front = block->second;
  const std::size_t left = front.bytes - bytes;
  if (left == 0 || (!front.small && left <= most_small)) return;
  FreeBlocks& candidates = free_blocks(front);
  char* const rest = block->first + bytes;
  candidates.erase({front.bytes, block->first});
  candidates.insert({bytes, block->first});
  candidates.insert({left, rest});
  blocks_.emplace_hint(std::next(block), rest,
                       Block{.bytes = left, .free = true, .small = front.small, .followed = front.followed});
  front.bytes = bytes;
  front.followed = true;
}

void MemoryPool::deallocate(void* data) noexcept {
  auto block = blocks_.find(static_cast<char*>(data));
  if (block == blocks_.end() || block->second.free) return;
  used_ -= block->second.bytes;
  if (freed_ == Freed::given_back) {
    reserved_ -= block->second.bytes;
    source_.release(data, block->second.bytes);
    blocks_.erase(block);
    return;
  }
  block->second.free = true;
  free_blocks(block->second).insert({block->second.bytes, block->first});
  join_next(block);
  if (!block->second.first) join_next(std::prev(block));
}

/// Makes one free block of this one and the next of its segment, if both are free.
void MemoryPool::join_next(Blocks::iterator block) {
  Block& front = block->second;
  if (!front.free || !front.followed) return;
  const auto next = std::next(block);
  if (!next->second.free) return;
  FreeBlocks& candidates = free_blocks(front);
  candidates.erase({front.bytes, block->first});
  candidates.erase({next->second.bytes, next->first});
  front.bytes += next->second.bytes;
  front.followed = next->second.followed;
  candidates.insert({front.bytes, block->first});
  blocks_.erase(next);
}

bool MemoryPool::owns(const void* data) const {
  const auto block = blocks_.find(const_cast<char*>(static_cast<const char*>(data)));
  return block != blocks_.end() && !block->second.free;
}

void MemoryPool::release_unused() noexcept {
  for (auto block = blocks_.begin(); block != blocks_.end();) {
    const Block& whole = block->second;
    if (!whole.free || !whole.first || whole.followed) {
      ++block;
      continue;
    }
    free_blocks(whole).erase({whole.bytes, block->first});
    reserved_ -= whole.bytes;
    source_.release(block->first, whole.bytes);
    block = blocks_.erase(block);
  }
}

}  // namespace nn
