// Bookkeeping of a caching allocator: takes memory from a source in large segments and hands out blocks of them. Knows
// addresses and sizes, never touches the memory itself, so that one pool serves the host and GPUs, and is tested
// without either.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <utility>

namespace nn {

/// Where segments come from: the system, cudaMalloc, cudaHostAlloc, a test.
class SegmentSource {
 public:
  /// Bytes that the source can still give, and has in all.
  struct Room {
    std::size_t free = 0, total = 0;
  };

  virtual ~SegmentSource() = default;
  /// Aligned to 512 bytes; null if there is no memory.
  virtual void* acquire(std::size_t bytes) = 0;
  virtual void release(void* segment, std::size_t bytes) noexcept = 0;
  virtual Room room() = 0;
};

/// Best fit: a request takes the smallest free block that holds it; what is left over becomes a block of its own, and a
/// freed block joins its free neighbours. Small requests (up to 1 MiB) and large ones live in different segments, so
/// that small ones do not cut large segments to pieces. For one thread at a time.
class MemoryPool {
 public:
  static constexpr std::size_t alignment = 512;
  static constexpr std::size_t most_small = std::size_t{1} << 20U;

  /// What becomes of a block that is freed.
  enum class Freed {
    kept,        // for the next request
    given_back,  // to the source; every block is then a segment of its own, exactly as large as was asked for, so that
                 // compute-sanitizer sees an access outside of it
  };

  explicit MemoryPool(SegmentSource& source, Freed freed = Freed::kept) : source_(source), freed_(freed) {}
  /// Gives all segments back, blocks in use or not.
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// Aligned to 512 bytes; null if the source has no more memory. 0 bytes give a block, too.
  void* allocate(std::size_t bytes);
  /// A block that allocate returned.
  void deallocate(void* block) noexcept;
  /// True for the address of a block in use.
  bool owns(const void* block) const;
  /// Gives back segments of which nothing is in use until at most `keep` bytes of such are left, and no more of them
  /// than that takes.
  void release_unused(std::size_t keep = 0) noexcept;

  /// Bytes of the blocks in use: of small requests each rounded up to 512; a block for a large one may be up to 1 MiB
  /// larger, because so little is not cut off. Where blocks are given back, what was asked for.
  std::size_t used() const { return used_; }
  /// Bytes taken from the source.
  std::size_t reserved() const { return reserved_; }
  /// Bytes of the segments of which nothing is in use.
  std::size_t unused() const { return unused_; }

  /// The size of the segment that is taken for a request that no free block holds.
  static std::size_t segment_bytes(std::size_t request);

 private:
  using FreeBlocks = std::set<std::pair<std::size_t, char*>>;  // by size, then address
  struct Block {
    std::size_t bytes = 0;
    bool free = true;
    bool small = false;     // of a segment for small requests
    bool first = false;     // begins a segment
    bool followed = false;  // the next block is of the same segment
    // While the block is in use, its node of the free blocks: freeing it needs no memory, and so cannot fail.
    FreeBlocks::node_type node = {};

    bool unused_segment() const { return free && first && !followed; }
  };
  using Blocks = std::map<char*, Block>;  // by address

  FreeBlocks& free_blocks(const Block& block) { return block.small ? small_ : large_; }
  static FreeBlocks::node_type new_node();
  Blocks::iterator new_segment(Block block);
  Blocks::iterator take_segment(std::size_t request);
  void* allocate_alone(std::size_t bytes);
  void split(Blocks::iterator block, std::size_t bytes);
  Blocks::iterator join_next(Blocks::iterator block) noexcept;
  void insert_free(Blocks::iterator block, FreeBlocks::node_type node) noexcept;
  FreeBlocks::iterator release_segment(FreeBlocks& candidates, FreeBlocks::iterator candidate) noexcept;

  SegmentSource& source_;
  Freed freed_;
  Blocks blocks_;
  FreeBlocks small_, large_;
  std::size_t used_ = 0, reserved_ = 0, unused_ = 0;
};

}  // namespace nn
