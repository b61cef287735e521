// The blocks of memory that one thread freed last, for its next requests of the same sizes.
//
// Kernels take working memory for every few pieces of their work, in several threads at once. From here a thread gets
// back the very block that its own caches still hold, and waits for no lock. A block from the pool that all threads
// share may be one that another thread just wrote.
#pragma once

#include <algorithm>
#include <cstddef>

namespace nn {

/// Has no destructor, so that a thread may free memory until its very end: whoever owns one calls release_all() before.
class RecentBlocks {
 public:
  static constexpr int most_blocks = 8;
  static constexpr std::size_t largest_block = std::size_t{1} << 20U, most_bytes = 4 * largest_block;

  /// The block of exactly so many bytes that was kept last; null if there is none.
  void* take(std::size_t bytes) noexcept {
    for (int i = count_ - 1; i >= 0; --i) {
      if (blocks_[i].bytes == bytes) return remove(i);
    }
    return nullptr;
  }

  /// Keeps a block that was freed. What there is no room for any more goes to release(void*): those kept first, or the
  /// block itself if it is too large.
  template <class Release>
  void keep(void* block, std::size_t bytes, const Release& release) noexcept {
    if (bytes > largest_block) return release(block);
    while (count_ == most_blocks || bytes_ + bytes > most_bytes) release(remove(0));
    blocks_[count_++] = {block, bytes};
    bytes_ += bytes;
  }

  template <class Release>
  void release_all(const Release& release) noexcept {
    while (count_ > 0) release(remove(0));
  }

 private:
  struct Block {
    void* data;
    std::size_t bytes;
  };

  void* remove(int i) noexcept {
    const Block block = blocks_[i];
    std::copy(blocks_ + i + 1, blocks_ + count_, blocks_ + i);
    --count_;
    bytes_ -= block.bytes;
    return block.data;
  }

  Block blocks_[most_blocks]{};  // kept first to last
  int count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace nn
