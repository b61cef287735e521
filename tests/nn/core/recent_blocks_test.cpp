#include "nn/core/recent_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "nn/core/allocator.h"

namespace {

using nn::RecentBlocks;

/// Blocks are but addresses here.
struct Kept {
  RecentBlocks blocks{};
  char memory[16]{};
  std::vector<void*> released{};

  void keep(int block, std::size_t bytes) {
    blocks.keep(memory + block, bytes, [&](void* data) { released.push_back(data); });
  }
};

TEST(RecentBlocks, GivesBackTheBlockOfThatSizeThatWasKeptLast) {
  Kept kept;
  kept.keep(0, 100);
  kept.keep(1, 100);
  kept.keep(2, 200);
  EXPECT_EQ(kept.blocks.take(101), nullptr);
  EXPECT_EQ(kept.blocks.take(100), kept.memory + 1);
  EXPECT_EQ(kept.blocks.take(100), kept.memory + 0);
  EXPECT_EQ(kept.blocks.take(100), nullptr);
  EXPECT_EQ(kept.blocks.take(200), kept.memory + 2);
  EXPECT_TRUE(kept.released.empty());
}

TEST(RecentBlocks, ReleasesThoseKeptFirstWhereBlocksAreTooMany) {
  Kept kept;
  for (int i = 0; i <= RecentBlocks::most_blocks; ++i) kept.keep(i, 100);
  EXPECT_EQ(kept.released, std::vector<void*>{kept.memory + 0});
}

TEST(RecentBlocks, ReleasesThoseKeptFirstWhereBytesAreTooMany) {
  Kept kept;
  const std::size_t fitting = RecentBlocks::most_bytes / RecentBlocks::largest_block;
  for (std::size_t i = 0; i <= fitting; ++i) kept.keep(static_cast<int>(i), RecentBlocks::largest_block);
  EXPECT_EQ(kept.released, std::vector<void*>{kept.memory + 0});
}

TEST(RecentBlocks, ReleasesALargeBlockAtOnce) {
  Kept kept;
  kept.keep(0, 100);
  kept.keep(1, RecentBlocks::largest_block + 1);
  EXPECT_EQ(kept.released, std::vector<void*>{kept.memory + 1});
  EXPECT_EQ(kept.blocks.take(100), kept.memory + 0);
}

TEST(RecentBlocks, ReleasesAll) {
  Kept kept;
  kept.keep(0, 100);
  kept.keep(1, 200);
  kept.blocks.release_all([&](void* data) { kept.released.push_back(data); });
  EXPECT_EQ(kept.released, (std::vector<void*>{kept.memory + 0, kept.memory + 1}));
  EXPECT_EQ(kept.blocks.take(100), nullptr);
}

#if !defined(__SANITIZE_ADDRESS__)
TEST(Allocator, GivesAThreadItsOwnBlockBack) {
  nn::Allocator& memory = nn::allocator(nn::Device::cpu);
  void* block = memory.allocate(1000);
  memory.deallocate(block, 1000);
  std::thread([&] {  // may not have it
    void* other = memory.allocate(1000);
    EXPECT_NE(other, block);
    memory.deallocate(other, 1000);
  })
      .join();
  void* again = memory.allocate(1000);
  EXPECT_EQ(again, block);
  memory.deallocate(again, 1000);
}

TEST(Allocator, LosesNoBlockThatAThreadKeptWhenItEnds) {
  nn::Allocator& memory = nn::allocator(nn::Device::cpu);
  // A segment of the pool has room for some of them; each thread's block must be free again for the next.
  std::vector<void*> seen;
  for (int i = 0; i < 64; ++i) {
    std::thread([&] {
      void* block = memory.allocate(RecentBlocks::largest_block);
      if (std::find(seen.begin(), seen.end(), block) == seen.end()) seen.push_back(block);
      memory.deallocate(block, RecentBlocks::largest_block);
    }).join();
  }
  EXPECT_LT(seen.size(), 4U);
}
#endif

}  // namespace
