// The bookkeeping of memory pools, on addresses that nobody ever reads.
#include "nn/core/memory_pool.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "tests/support/fake_source.h"

namespace {

using nn::MemoryPool;
using test::FakeSource;

constexpr std::size_t mebibyte = 1U << 20U;

TEST(MemoryPool, HandsABlockOutAgainOnceItIsFreed) {
  FakeSource source;
  MemoryPool pool(source);
  void* first = pool.allocate(3 * mebibyte);
  pool.deallocate(first);
  EXPECT_EQ(pool.allocate(3 * mebibyte), first);
  EXPECT_EQ(source.acquired, 1);
}

TEST(MemoryPool, GivesEveryoneABlockOfTheirOwnEvenForNothing) {
  FakeSource source;
  MemoryPool pool(source);
  void* nothing = pool.allocate(0);
  void* byte = pool.allocate(1);
  ASSERT_NE(nothing, nullptr);
  EXPECT_NE(nothing, byte);
  EXPECT_EQ(pool.used(), 2 * MemoryPool::alignment);
}

TEST(MemoryPool, TakesTheSmallestFreeBlockThatFits) {
  FakeSource source;
  MemoryPool pool(source);
  std::map<std::size_t, void*> free_sizes;
  std::vector<void*> between;
  for (const std::size_t kib : {64, 16, 48, 32}) {
    free_sizes[kib] = pool.allocate(kib << 10U);
    between.push_back(pool.allocate(512));  // keeps the free ones apart
  }
  for (const auto& [kib, block] : free_sizes) pool.deallocate(block);
  EXPECT_EQ(pool.allocate(40U << 10U), free_sizes[48]);
  EXPECT_EQ(pool.allocate(16U << 10U), free_sizes[16]);
  EXPECT_EQ(pool.allocate(64U << 10U), free_sizes[64]);
  EXPECT_EQ(source.acquired, 1);
}

TEST(MemoryPool, JoinsFreedNeighboursInAnyOrder) {
  for (const std::vector<int>& order :
       std::vector<std::vector<int>>{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
    FakeSource source;
    MemoryPool pool(source);
    std::vector<void*> blocks;
    for (int i = 0; i < 3; ++i) blocks.push_back(pool.allocate(600U << 10U));  // three fill a small segment
    for (const int i : order) pool.deallocate(blocks[i]);
    EXPECT_EQ(pool.allocate(mebibyte), blocks[0]);
    EXPECT_EQ(source.acquired, 1);
  }
}

TEST(MemoryPool, NeverJoinsTwoSegmentsThatLieSideBySide) {
  FakeSource source;  // its segments have no gaps
  MemoryPool pool(source);
  void* first = pool.allocate(20 * mebibyte);
  void* second = pool.allocate(20 * mebibyte);
  EXPECT_EQ(static_cast<char*>(second) - static_cast<char*>(first), 20 * mebibyte);
  pool.deallocate(first);
  pool.deallocate(second);
  void* both = pool.allocate(40 * mebibyte);
  EXPECT_NE(both, first);
  EXPECT_EQ(source.acquired, 3);
}

TEST(MemoryPool, KeepsSmallRequestsOutOfLargeSegments) {
  FakeSource source;
  MemoryPool pool(source);
  void* large = pool.allocate(64 * mebibyte);
  pool.deallocate(large);
  void* small = pool.allocate(1000);
  EXPECT_NE(small, large);
  EXPECT_EQ(pool.allocate(64 * mebibyte), large);  // still whole
}

TEST(MemoryPool, SegmentsHoldTheirRequests) {
  for (std::size_t request = 0; request < 80 * mebibyte; request = request * 3 / 2 + 1) {
    EXPECT_GE(MemoryPool::segment_bytes(request), request);
    EXPECT_LE(MemoryPool::segment_bytes(request), std::max(32 * mebibyte, request + 2 * mebibyte));
    EXPECT_EQ(MemoryPool::segment_bytes(request) % (2 * mebibyte), 0U);
  }
}

TEST(MemoryPool, ReleasesWhatIsUnusedAndNothingElse) {
  FakeSource source;
  MemoryPool pool(source);
  void* kept = pool.allocate(20 * mebibyte);
  void* freed = pool.allocate(20 * mebibyte);
  void* small = pool.allocate(100);
  pool.deallocate(freed);
  pool.release_unused();
  EXPECT_EQ(source.live(), 22 * mebibyte);
  EXPECT_EQ(pool.reserved(), 22 * mebibyte);
  pool.deallocate(kept);
  pool.deallocate(small);
  pool.release_unused();
  EXPECT_EQ(source.live(), 0U);
  EXPECT_EQ(pool.used(), 0U);
}

TEST(MemoryPool, ReleasesNoMoreThanItIsToldTo) {
  FakeSource source;
  MemoryPool pool(source);
  std::vector<void*> blocks;
  for (const std::size_t size : {40, 100, 60, 80}) blocks.push_back(pool.allocate(size * mebibyte));
  for (void* block : blocks) pool.deallocate(block);
  EXPECT_EQ(pool.unused(), 280 * mebibyte);
  pool.release_unused(280 * mebibyte);
  EXPECT_EQ(source.live(), 280 * mebibyte);
  pool.release_unused(180 * mebibyte);  // exactly the one of 100
  EXPECT_EQ(source.live(), 180 * mebibyte);
  pool.release_unused(179 * mebibyte);  // the smallest
  EXPECT_EQ(source.live(), 140 * mebibyte);
  EXPECT_EQ(pool.unused(), 140 * mebibyte);
  EXPECT_EQ(pool.allocate(80 * mebibyte), blocks[3]);
  EXPECT_EQ(pool.allocate(60 * mebibyte), blocks[2]);
  EXPECT_EQ(pool.unused(), 0U);
}

TEST(MemoryPool, FreePartsOfASegmentInUseAreNotUnused) {
  FakeSource source;
  MemoryPool pool(source);
  void* large = pool.allocate(100 * mebibyte);
  pool.deallocate(large);
  EXPECT_EQ(pool.allocate(10 * mebibyte), large);  // its segment has 90 more
  EXPECT_EQ(pool.unused(), 0U);
  pool.release_unused();
  EXPECT_EQ(source.live(), 100 * mebibyte);
  pool.deallocate(large);
  EXPECT_EQ(pool.unused(), 100 * mebibyte);
}

TEST(MemoryPool, SaysNoWhenTheSourceIsEmptyAndStaysUsable) {
  FakeSource source(40 * mebibyte);
  MemoryPool pool(source);
  void* first = pool.allocate(30 * mebibyte);
  EXPECT_EQ(pool.allocate(30 * mebibyte), nullptr);
  pool.deallocate(first);
  EXPECT_EQ(pool.allocate(30 * mebibyte), first);
}

TEST(MemoryPool, GivesEveryBlockASegmentOfItsOwnForCheckers) {
  FakeSource source;
  MemoryPool pool(source, MemoryPool::Freed::given_back);
  void* first = pool.allocate(100);
  void* second = pool.allocate(3 * mebibyte);
  EXPECT_EQ(source.live(), 100 + 3 * mebibyte);  // not a byte more than was asked for
  pool.deallocate(first);
  EXPECT_FALSE(pool.owns(first));
  EXPECT_EQ(source.live(), 3 * mebibyte);
  EXPECT_EQ(pool.reserved(), 3 * mebibyte);
  pool.deallocate(second);
  EXPECT_EQ(source.live(), 0U);
  EXPECT_NE(pool.allocate(0), nullptr);
}

/// Thousands of random requests: blocks are aligned, inside a segment, and never overlap; in the end all is one again.
TEST(MemoryPool, SurvivesRandomRequests) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    FakeSource source(std::size_t{1} << 32U);
    {
      MemoryPool pool(source);
      std::map<char*, std::size_t> live;  // address, bytes asked for
      std::size_t asked = 0;
      for (int i = 0; i < 2000; ++i) {
        if (live.empty() || random() % 100 < 55) {
          const std::size_t bytes = (std::size_t{1} << (random() % 27)) + random() % 5000;
          auto* block = static_cast<char*>(pool.allocate(bytes));
          if (block == nullptr) continue;
          ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % MemoryPool::alignment, 0U);
          ASSERT_TRUE(source.holds(block, bytes));
          const auto next = live.lower_bound(block);
          ASSERT_TRUE(next == live.end() || block + bytes <= next->first);
          ASSERT_TRUE(next == live.begin() || std::prev(next)->first + std::prev(next)->second <= block);
          ASSERT_TRUE(pool.owns(block));
          live[block] = bytes;
          asked += bytes;
        } else {
          const auto victim = std::next(live.begin(), static_cast<long>(random() % live.size()));
          pool.deallocate(victim->first);
          ASSERT_FALSE(pool.owns(victim->first));
          asked -= victim->second;
          live.erase(victim);
        }
        ASSERT_GE(pool.used(), asked);
        ASSERT_LE(pool.used(), asked + live.size() * (mebibyte + 512));
        ASSERT_EQ(pool.reserved(), source.live());
        ASSERT_LE(pool.used() + pool.unused(), pool.reserved());
        if (i % 250 == 249) {
          const std::size_t keep = i % 500 == 499 ? 0 : pool.unused() / 2;
          pool.release_unused(keep);
          ASSERT_LE(pool.unused(), keep);
          ASSERT_EQ(pool.reserved(), source.live());
        }
      }
      for (const auto& [block, bytes] : live) pool.deallocate(block);
      EXPECT_EQ(pool.used(), 0U);
      EXPECT_EQ(pool.unused(), pool.reserved());
      pool.release_unused();  // every block has found its neighbours
      EXPECT_EQ(source.live(), 0U);
      EXPECT_NE(pool.allocate(1), nullptr);
    }
    EXPECT_EQ(source.live(), 0U);  // the pool's end
  }
}

/// A training step asks for the same sizes in the same order: after the second step nothing new is taken.
TEST(MemoryPool, TakesNothingNewOnceAStepHasBeenSeen) {
  FakeSource source;
  MemoryPool pool(source);
  std::mt19937 random(1);
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 200; ++i) sizes.push_back((std::size_t{1} << (random() % 28)) + random() % 100000);
  int after_two = 0;
  for (int step = 0; step < 10; ++step) {
    std::vector<void*> forward;
    for (const std::size_t bytes : sizes) {
      forward.push_back(pool.allocate(bytes));
      pool.deallocate(pool.allocate(bytes / 3));  // a workspace
    }
    for (auto block = forward.rbegin(); block != forward.rend(); ++block) pool.deallocate(*block);
    if (step == 1) after_two = source.acquired;
  }
  EXPECT_EQ(source.acquired, after_two);
}

}  // namespace
