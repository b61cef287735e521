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
  Block& taken = block->second;
  taken.node = candidates.extract({taken.bytes, block->first});
  if (taken.unused_segment()) unused_ -= taken.bytes;
  taken.free = false;
  used_ += taken.bytes;
  return block->first;
}

void* MemoryPool::allocate_alone(std::size_t bytes) {
  const auto block = new_segment({.bytes = bytes, .free = false, .first = true});
  if (block == blocks_.end()) return nullptr;
  used_ += bytes;
  return block->first;
}

/// A node whose value is still to be set.
MemoryPool::FreeBlocks::node_type MemoryPool::new_node() {
  FreeBlocks one = {{0, nullptr}};
  return one.extract(one.begin());
}

/// A segment that is this block; the end of the list if the source has none. Whatever may throw comes before it is
/// taken.
MemoryPool::Blocks::iterator MemoryPool::new_segment(Block block) {
  const std::size_t bytes = block.bytes;
  Blocks one;
  one.emplace(nullptr, std::move(block));
  auto entry = one.extract(one.begin());
  entry.key() = static_cast<char*>(source_.acquire(bytes));
  if (entry.key() == nullptr) return blocks_.end();
  reserved_ += bytes;
  return blocks_.insert(std::move(entry)).position;
}

/// A new segment as one free block; the end of the list if the source has none.
MemoryPool::Blocks::iterator MemoryPool::take_segment(std::size_t request) {
  const std::size_t bytes = segment_bytes(request);
  auto node = new_node();
  const auto segment = new_segment({.bytes = bytes, .free = true, .small = request <= most_small, .first = true});
  if (segment == blocks_.end()) return segment;
  insert_free(segment, std::move(node));
  unused_ += bytes;
  return segment;
}

void MemoryPool::insert_free(Blocks::iterator block, FreeBlocks::node_type node) noexcept {
  node.value() = {block->second.bytes, block->first};
  free_blocks(block->second).insert(std::move(node));
}

/// Cuts a free block after `bytes`, unless what is left is too little for a request of its kind.
void MemoryPool::split(Blocks::iterator block, std::size_t bytes) {
  Block& front = block->second;
  const std::size_t left = front.bytes - bytes;
  if (left == 0 || (!front.small && left <= most_small)) return;
  auto node = new_node();
  const auto rest =
      blocks_.emplace_hint(std::next(block), block->first + bytes,
                           Block{.bytes = left, .free = true, .small = front.small, .followed = front.followed});
  insert_free(rest, std::move(node));  // from here on nothing fails
  node = free_blocks(front).extract({front.bytes, block->first});
  if (front.unused_segment()) unused_ -= front.bytes;
  front.bytes = bytes;
  front.followed = true;
  insert_free(block, std::move(node));
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
  insert_free(block, std::move(block->second.node));
  block = join_next(block);
  if (!block->second.first) block = join_next(std::prev(block));
  if (block->second.unused_segment()) unused_ += block->second.bytes;
}

/// Makes one free block of this one and the next of its segment, if both are free. Returns this one.
MemoryPool::Blocks::iterator MemoryPool::join_next(Blocks::iterator block) noexcept {
  Block& front = block->second;
  if (!front.free || !front.followed) return block;
  const auto next = std::next(block);
  if (!next->second.free) return block;
  FreeBlocks& candidates = free_blocks(front);
  auto node = candidates.extract({front.bytes, block->first});
  candidates.erase({next->second.bytes, next->first});
  front.bytes += next->second.bytes;
  front.followed = next->second.followed;
  insert_free(block, std::move(node));
  blocks_.erase(next);
  return block;
}

bool MemoryPool::owns(const void* data) const {
  const auto block = blocks_.find(const_cast<char*>(static_cast<const char*>(data)));
  return block != blocks_.end() && !block->second.free;
}

/// Large segments first, as far as all of them is too much; then, if there is a rest, the smallest that is left.
void MemoryPool::release_unused(std::size_t keep) noexcept {
  const auto is_segment = [this](char* block) { return blocks_.find(block)->second.unused_segment(); };
  for (FreeBlocks* candidates : {&large_, &small_}) {
    for (auto candidate = candidates->end(); candidate != candidates->begin() && unused_ > keep;) {
      --candidate;
      if (candidate->first <= unused_ - keep && is_segment(candidate->second)) {
        candidate = release_segment(*candidates, candidate);
      }
    }
  }
  for (FreeBlocks* candidates : {&small_, &large_}) {
    for (auto candidate = candidates->begin(); candidate != candidates->end() && unused_ > keep;) {
      candidate = is_segment(candidate->second) ? release_segment(*candidates, candidate) : std::next(candidate);
    }
  }
}

/// Returns the candidate after it.
MemoryPool::FreeBlocks::iterator MemoryPool::release_segment(FreeBlocks& candidates,
                                                             FreeBlocks::iterator candidate) noexcept {
  const auto [bytes, segment] = *candidate;
  reserved_ -= bytes;
  unused_ -= bytes;
  blocks_.erase(segment);
  source_.release(segment, bytes);
  return candidates.erase(candidate);
}

}  // namespace nn
