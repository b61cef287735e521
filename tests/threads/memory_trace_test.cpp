// The trace itself: kernels with a defect that it is there to find. Compiled as the kernels are.
#include "tests/threads/memory_trace.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace {

using test::MemoryTrace;

class MemoryTraceOf : public testing::Test {
 protected:
  void SetUp() override {
    if (!MemoryTrace::possible()) GTEST_SKIP() << "the kernels are compiled for another sanitizer";
    MemoryTrace::install().forget();
  }
  static MemoryTrace::Count count(const float& value) { return MemoryTrace::install().of(&value); }
};

/// y[i] = x[i + shift], a thread for each i.
struct Shift {
  const float* x;
  float* y;
  std::uint32_t shift;

  void operator()(std::uint32_t block, std::uint32_t thread) const {
    const std::uint32_t i = block * cuda::block_threads + thread;
    y[i] = x[i + shift];
  }
};

TEST_F(MemoryTraceOf, AMapCountsEachElementOnce) {
  const std::vector<float> x(512, 1);
  std::vector<float> y(512, 0);
  cuda::launch(Shift{x.data(), y.data(), 0}, 2);
  const MemoryTrace& trace = MemoryTrace::install();
  EXPECT_EQ(trace.loaded(), 2048);
  EXPECT_EQ(trace.stored(), 2048);
  for (std::size_t i = 0; i < 512; ++i) {
    ASSERT_EQ(count(x[i]).loads, 1U);
    ASSERT_EQ(count(x[i]).stores, 0U);
    ASSERT_EQ(count(y[i]).loads, 0U);
    ASSERT_EQ(count(y[i]).stores, 1U);
  }
  cuda::launch(Shift{x.data(), y.data(), 0}, 1);
  EXPECT_EQ(count(x[0]).loads, 2U);
  EXPECT_EQ(count(x[511]).loads, 1U);
}

TEST_F(MemoryTraceOf, AMapOverItsOwnInputFindsTheRace) {
  std::vector<float> x(513, 1);
  cuda::launch(Shift{x.data(), x.data(), 0}, 2);  // each element is one thread's
  EXPECT_NONFATAL_FAILURE(cuda::launch(Shift{x.data(), x.data(), 1}, 2), "races with thread");
}

/// Every thread stores to one place.
struct OneForAll {
  float* y;
  void operator()(std::uint32_t /*block*/, std::uint32_t /*thread*/) const { *y = 1; }
};

TEST_F(MemoryTraceOf, TwoWritersFindsTheRace) {
  float y = 0;
  std::vector<float> heap(1);
  cuda::launch(OneForAll{&y}, 1);  // on the stack: not watched
  EXPECT_NONFATAL_FAILURE(cuda::launch(OneForAll{heap.data()}, 1), "races with thread 0");
}

/// Thread t loads number t, the first adds up all of them: in its own step, or in the first one already.
struct Sum {
  struct Shared {
    float values[cuda::block_threads];
  };
  const float* x;
  float* y;
  bool too_early;

  void load(std::uint32_t /*block*/, std::uint32_t thread, Shared& shared) const {
    shared.values[thread] = x[thread];
    if (too_early && thread + 1 == cuda::block_threads) add(shared);
  }
  static std::uint32_t first_step() { return 0; }
  void combine(std::uint32_t /*thread*/, std::uint32_t /*step*/, Shared& /*shared*/) const {}
  void write(std::uint32_t /*block*/, std::uint32_t thread, const Shared& shared) const {
    if (!too_early && thread == 0) add(shared);
  }
  void add(const Shared& shared) const {
    float sum = 0;
    for (const float value : shared.values) sum += value;
    *y = sum;
  }
};

TEST_F(MemoryTraceOf, ReadingABlocksMemoryBeforeTheBarrierFindsTheRace) {
  const std::vector<float> x(cuda::block_threads, 2);
  std::vector<float> y(1);
  cuda::launch_combining(Sum{x.data(), y.data(), false}, 1);
  EXPECT_EQ(y[0], 512);
  EXPECT_NONFATAL_FAILURE(cuda::launch_combining(Sum{x.data(), y.data(), true}, 1), "races with thread");
  EXPECT_EQ(y[0], 512) << "the right number all the same, which is why values do not find it";
}

/// y[block] is what the threads share, of which the first block's threads alone write something.
struct ForgetsToWrite {
  struct Shared {
    float value;
  };
  float* y;

  std::uint32_t first_step() const { return 0; }
  void load(std::uint32_t block, std::uint32_t thread, Shared& shared) const {
    if (block == 0 && thread == 0) shared.value = 3;
  }
  void combine(std::uint32_t /*thread*/, std::uint32_t /*step*/, Shared& /*shared*/) const {}
  void write(std::uint32_t block, std::uint32_t thread, const Shared& shared) const {
    if (thread == 0) y[block] = shared.value;
  }
};

TEST_F(MemoryTraceOf, WhatABlockHasNotWrittenIsNoNumber) {
  std::vector<float> y(2);
  cuda::launch_combining(ForgetsToWrite{y.data()}, 2);
  EXPECT_EQ(y[0], 3);
  EXPECT_TRUE(std::isnan(y[1])) << "nor what the block before has left";
}

TEST_F(MemoryTraceOf, ScratchMemoryThatNobodyHasWrittenIsNoNumber) {
  const cuda::Workspace workspace(4 * sizeof(float));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(std::isnan(static_cast<const float*>(workspace.data())[i]));
}

/// Block b stores its number, and a thread of block 1 loads block 0's.
struct Neighbours {
  struct Shared {
    float unused;
  };
  float* y;

  void load(std::uint32_t block, std::uint32_t thread, Shared& /*shared*/) const {
    if (thread == 0) y[block] = 1;
  }
  static std::uint32_t first_step() { return 0; }
  void combine(std::uint32_t /*thread*/, std::uint32_t /*step*/, Shared& /*shared*/) const {}
  void write(std::uint32_t block, std::uint32_t thread, const Shared& /*shared*/) const {
    if (thread == 1) y[block + 2] = y[0];
  }
};

TEST_F(MemoryTraceOf, BlocksDoNotWaitForOneAnother) {
  std::vector<float> y(4);
  cuda::launch_combining(Neighbours{y.data()}, 1);  // one block waits for its own threads
  EXPECT_NONFATAL_FAILURE(cuda::launch_combining(Neighbours{y.data()}, 2), "of block 0");
}

}  // namespace
