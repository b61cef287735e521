#include "nn/core/parallel.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <mutex>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "nn/core/error.h"

namespace {

class ParallelFor : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { nn::set_thread_count(GetParam()); }
  void TearDown() override { nn::set_thread_count(before_); }

 private:
  int before_ = nn::thread_count();
};

TEST_P(ParallelFor, CoversEveryIndexOnce) {
  std::vector<std::atomic<int>> seen(1003);
  nn::parallel_for(3, 1003, 7, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) ++seen[static_cast<std::size_t>(i)];
  });
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i < 3 ? 0 : 1) << i;
}

TEST_P(ParallelFor, CutsChunksByTheGrainAlone) {
  std::set<std::pair<std::int64_t, std::int64_t>> chunks;
  std::mutex mutex;
  nn::parallel_for(10, 31, 8, [&](std::int64_t first, std::int64_t last) {
    const std::lock_guard lock(mutex);
    chunks.insert({first, last});
  });
  EXPECT_EQ(chunks, (std::set<std::pair<std::int64_t, std::int64_t>>{{10, 18}, {18, 26}, {26, 31}}));
}

TEST_P(ParallelFor, GivesEachThreadAPartOfItsOwn) {
  std::set<std::thread::id> threads;
  std::set<std::int64_t> begins;
  std::mutex mutex;
  std::atomic<int> arrived = 0;
  nn::parallel_for(0, 4 * GetParam(), 1, [&](std::int64_t first, std::int64_t) {
    {
      const std::lock_guard lock(mutex);
      if (!threads.insert(std::this_thread::get_id()).second) return;
      begins.insert(first);
    }
    ++arrived;  // nobody is done with a part of its own before all have begun theirs
    while (arrived < GetParam()) std::this_thread::yield();
  });
  std::set<std::int64_t> expected;
  for (int i = 0; i < GetParam(); ++i) expected.insert(4 * i);
  EXPECT_EQ(begins, expected);
}

TEST_P(ParallelFor, DoesNothingForAnEmptyRange) {
  nn::parallel_for(5, 5, 1, [](std::int64_t, std::int64_t) { FAIL(); });
  nn::parallel_for(5, 2, 1, [](std::int64_t, std::int64_t) { FAIL(); });
}

TEST_P(ParallelFor, RethrowsAfterAllChunksHaveEnded) {
  std::atomic<int> ended = 0;
  const auto body = [&](std::int64_t first, std::int64_t) {
    if (first == 4) throw std::runtime_error("chunk 4");
    ++ended;
  };
  EXPECT_THROW(nn::parallel_for(0, 100, 1, body), std::runtime_error);
  EXPECT_EQ(ended, 99);
}

TEST_P(ParallelFor, RunsNestedCallsSerially) {
  std::atomic<int> count = 0;
  nn::parallel_for(0, 8, 1, [&](std::int64_t, std::int64_t) {
    const auto thread = std::this_thread::get_id();
    nn::parallel_for(0, 50, 1, [&](std::int64_t, std::int64_t) {
      EXPECT_EQ(std::this_thread::get_id(), thread);
      ++count;
    });
  });
  EXPECT_EQ(count, 400);
}

TEST_P(ParallelFor, MayBeCalledFromSeveralThreads) {
  std::atomic<int> count = 0;
  constexpr int count_of_callers = 4;
  std::vector<std::thread> callers;
  callers.reserve(count_of_callers);
  for (int caller = 0; caller < count_of_callers; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) nn::parallel_for(0, 20, 1, [&](std::int64_t, std::int64_t) { ++count; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(count, count_of_callers * 50 * 20);
}

TEST_P(ParallelFor, RunsManyShortCallsOneAfterTheOther) {
  std::atomic<int> count = 0;
  for (int i = 0; i < 2000; ++i) {
    nn::parallel_for(0, 3, 1, [&](std::int64_t, std::int64_t) { ++count; });
    ASSERT_EQ(count, 3 * (i + 1));
  }
}

TEST_P(ParallelFor, LeavesTheCoresToOthersOnceIdle) {
  nn::parallel_for(0, 20, 1, [](std::int64_t, std::int64_t) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const std::clock_t before = std::clock();  // of the processor, of all threads
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LT(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC, 0.005);
}

INSTANTIATE_TEST_SUITE_P(Threads, ParallelFor, testing::Values(1, 2, 5));

#if defined(__GLIBC__)
// A stack larger than the address space: no thread can start.
TEST(ParallelForWithoutThreads, DoesTheWorkAlone) {
  const int before = nn::thread_count();
  pthread_attr_t usual, impossible;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  ASSERT_EQ(pthread_getattr_default_np(&impossible), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&impossible, std::size_t{1} << 48U), 0);
  ASSERT_EQ(pthread_setattr_default_np(&impossible), 0);
  nn::set_thread_count(7);  // no other test has so many: the threads are started anew
  std::atomic<int> count = 0;
  EXPECT_THROW(std::thread([] {}).join(), std::system_error);
  nn::parallel_for(0, 20, 1, [&](std::int64_t, std::int64_t) { ++count; });
  pthread_setattr_default_np(&usual);
  pthread_attr_destroy(&usual);
  pthread_attr_destroy(&impossible);
  nn::set_thread_count(before);
  EXPECT_EQ(count, 20);
}
#endif

TEST(ThreadCount, RefusesZero) { EXPECT_THROW(nn::set_thread_count(0), nn::Error); }

TEST(ParallelForArguments, RefuseAGrainOfZero) {
  EXPECT_THROW(nn::parallel_for(0, 1, 0, [](std::int64_t, std::int64_t) {}), nn::Error);
}

}  // namespace
