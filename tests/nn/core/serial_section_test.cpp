#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include "nn/core/parallel.h"

namespace {

/// How many threads work on a parallel_for of many slow chunks.
std::size_t threads_at_work() {
  std::mutex mutex;
  std::set<std::thread::id> seen;
  nn::parallel_for(0, 64, 1, [&](std::int64_t, std::int64_t) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  return seen.size();
}

TEST(SerialSection, KeepsParallelForOnItsThread) {
  const int before = nn::thread_count();
  nn::set_thread_count(4);
  {
    const nn::SerialSection serial;
    EXPECT_EQ(threads_at_work(), 1U);
    { const nn::SerialSection nested; }
    EXPECT_EQ(threads_at_work(), 1U);
  }
  EXPECT_GT(threads_at_work(), 1U);
  nn::set_thread_count(before);
}

TEST(SerialSection, LeavesThePoolToOtherThreads) {
  const int before = nn::thread_count();
  nn::set_thread_count(4);
  std::size_t others = 0;
  {
    const nn::SerialSection serial;
    nn::parallel_for(0, 2, 1, [&](std::int64_t first, std::int64_t) {  // runs here, without the pool
      if (first == 0) std::thread([&] { others = threads_at_work(); }).join();
    });
  }
  EXPECT_GT(others, 1U);
  nn::set_thread_count(before);
}

}  // namespace
