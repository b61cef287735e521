#include "cuda/runtime/caching_allocator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "tests/support/error_of.h"
#include "tests/support/fake_source.h"

namespace {

using cuda::CachingAllocator;
using test::FakeSource;
using Arena = CachingAllocator::Arena;
using Recording = CachingAllocator::Recording;

constexpr std::size_t mebibyte = 1U << 20U;

TEST(CachingAllocator, GivesBackWhatItKeepsBeforeItSaysNo) {
  FakeSource source(100 * mebibyte);
  CachingAllocator allocator(source, "on the GPU");
  allocator.deallocate(allocator.allocate(60 * mebibyte), 60 * mebibyte);
  EXPECT_EQ(source.live(), 60 * mebibyte);
  EXPECT_NE(allocator.allocate(90 * mebibyte), nullptr);
  EXPECT_EQ(source.live(), 90 * mebibyte);
}

TEST(CachingAllocator, SaysInOneLineWhatDoesNotFitAndWhatToDo) {
  FakeSource source(100 * mebibyte);
  CachingAllocator allocator(source, "on the GPU");
  void* block = allocator.allocate(60 * mebibyte);
  EXPECT_EQ(test::error_of([&] { allocator.allocate(3072 * mebibyte); }),
            "[memory] 3.0 GiB more do not fit on the GPU: tensors use 60.0 MiB, memory kept for them 0.0 MiB, free are "
            "40.0 MiB of 100.0 MiB; a smaller batch or size needs less");
  allocator.deallocate(block, 60 * mebibyte);
  EXPECT_NE(allocator.allocate(100 * mebibyte), nullptr);  // it goes on working
}

TEST(CachingAllocator, RefusesAnAbsurdSize) {
  FakeSource source;
  CachingAllocator allocator(source, "on the GPU");
  EXPECT_THAT(test::error_of([&] { allocator.allocate(std::size_t{1} << 60U); }), testing::HasSubstr("too large"));
}

TEST(CachingAllocator, KeepsTheMemoryOfARecordedStepFromOthers) {
  FakeSource source;
  CachingAllocator allocator(source, "on the GPU");
  Arena arena(allocator);
  void *temporary = nullptr, *result = nullptr;
  {
    const Recording recording(arena);
    temporary = allocator.allocate(3 * mebibyte);
    allocator.deallocate(temporary, 3 * mebibyte);
    result = allocator.allocate(3 * mebibyte);
    EXPECT_EQ(result, temporary);  // within the step memory is used again
    allocator.deallocate(result, 3 * mebibyte);
  }
  EXPECT_NE(allocator.allocate(3 * mebibyte), result);
  allocator.release_unused();
  const Recording again(arena);
  EXPECT_EQ(allocator.allocate(3 * mebibyte), result);  // still there for the step itself
}

TEST(CachingAllocator, BlocksFromBeforeARecordingGoBackToWhereTheyCameFrom) {
  FakeSource source;
  CachingAllocator allocator(source, "on the GPU");
  void* before = allocator.allocate(3 * mebibyte);
  Arena arena(allocator);
  {
    const Recording recording(arena);
    allocator.deallocate(before, 3 * mebibyte);
    EXPECT_NE(allocator.allocate(3 * mebibyte), before);
  }
  EXPECT_EQ(allocator.allocate(3 * mebibyte), before);
}

TEST(CachingAllocator, OtherThreadsGetOrdinaryMemoryDuringARecording) {
  FakeSource source;
  CachingAllocator allocator(source, "on the GPU");
  void* kept = allocator.allocate(3 * mebibyte);
  allocator.deallocate(kept, 3 * mebibyte);
  Arena arena(allocator);
  const Recording recording(arena);
  void* elsewhere = nullptr;
  std::thread([&] { elsewhere = allocator.allocate(3 * mebibyte); }).join();
  EXPECT_EQ(elsewhere, kept);
  EXPECT_NE(allocator.allocate(3 * mebibyte), kept);
}

TEST(CachingAllocator, AnArenaGoesWithItsLastBlock) {
  FakeSource source;
  CachingAllocator allocator(source, "on the GPU");
  void* outlives = nullptr;
  {
    Arena arena(allocator);
    const Recording recording(arena);
    outlives = allocator.allocate(20 * mebibyte);
  }
  EXPECT_EQ(source.live(), 20 * mebibyte);
  EXPECT_EQ(allocator.use().used, 20 * mebibyte);
  EXPECT_NE(allocator.allocate(mebibyte), outlives);
  allocator.deallocate(outlives, 20 * mebibyte);
  EXPECT_EQ(source.live(), 2 * mebibyte);
}

TEST(CachingAllocator, AnArenaWithNothingInUseGoesAtOnce) {
  FakeSource source;
  CachingAllocator allocator(source, "on the GPU");
  {
    Arena arena(allocator);
    const Recording recording(arena);
    allocator.deallocate(allocator.allocate(20 * mebibyte), 20 * mebibyte);
    EXPECT_EQ(source.live(), 20 * mebibyte);
  }
  EXPECT_EQ(source.live(), 0U);
}

TEST(CachingAllocator, RecordsOneStepAtATime) {
  FakeSource source;
  CachingAllocator allocator(source, "on the GPU");
  Arena first(allocator), second(allocator);
  const Recording recording(first);
  EXPECT_THAT(test::error_of([&] { const Recording other(second); }), testing::HasSubstr("recorded already"));
}

TEST(CachingAllocator, DuringARecordingNothingGoesBackToTheDriver) {
  FakeSource source(100 * mebibyte);
  CachingAllocator allocator(source, "on the GPU");
  allocator.deallocate(allocator.allocate(60 * mebibyte), 60 * mebibyte);
  Arena arena(allocator);
  const Recording recording(arena);
  EXPECT_THROW(allocator.allocate(60 * mebibyte), nn::Error);
  EXPECT_EQ(source.live(), 60 * mebibyte);
}

}  // namespace
