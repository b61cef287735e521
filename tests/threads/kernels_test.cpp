// The GPU's kernels without a GPU. This program compiles cuda/kernels/*.cu as ordinary C++ (cuda/launch/launch.cuh runs
// the threads of a launch one after the other) and puts them on a device without hardware, with cuda/conv/conv.cpp and
// cuda/gemm/linear.cpp above the CPU in place of cuDNN and cuBLASLt (library_kernels.cpp). The Parity suites of the ops
// then run them (values, views, beta, in f32 and bf16), and so do the tests of single kernels in tests/cuda. All the
// while memory_trace.h looks for races, and call_watch.h for elements that are moved more often than they must be.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nn/core/kernel.h"
#include "tests/support/fake_device.h"
#include "tests/threads/call_watch.h"
#include "tests/threads/memory_trace.h"

namespace {

/// The slots that cuda/kernels/*.cu fill.
std::vector<std::string> own_kernels;

class Device : public testing::Environment {
 public:
  void SetUp() override {
    for (const nn::KernelSlot& slot : nn::kernel_slots()) {
      if (slot.filled[static_cast<int>(nn::Device::cuda)]) own_kernels.emplace_back(slot.name);
    }
    test::FakeDevice::install();  // its memory and copies
    if (!test::MemoryTrace::possible()) return;
    test::MemoryTrace::install();
    test::watch_kernels();
  }
};
[[maybe_unused]] const auto* const device = testing::AddGlobalTestEnvironment(new Device);

TEST(Threads, RunEveryKernel) {
  std::vector<std::string> all;
  for (const nn::KernelSlot& slot : nn::kernel_slots()) all.emplace_back(slot.name);
  EXPECT_EQ(own_kernels, all);
}

}  // namespace
