// The GPU's kernels without a GPU. This program compiles cuda/*.cu as ordinary C++ (cuda/launch.cuh runs the threads of
// a launch one after the other) and puts them beside the kernels of a device without hardware. The Parity suites of the
// ops then run them (values, views, beta, in f32 and bf16), and so do the tests of single kernels in tests/cuda. All
// the while memory_trace.h looks for races, and call_watch.h for elements that are moved more often than they must be.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nn/core/kernel.h"
#include "tests/support/fake_device.h"
#include "tests/threads/call_watch.h"
#include "tests/threads/memory_trace.h"

namespace {

/// The slots that cuda/*.cu fill.
std::vector<std::string> own_kernels;

class Device : public testing::Environment {
 public:
  void SetUp() override {
    for (const nn::KernelSlot& slot : nn::kernel_slots()) {
      if (slot.filled[static_cast<int>(nn::Device::cuda)]) own_kernels.emplace_back(slot.name);
    }
    test::FakeDevice::install();  // it leaves those alone
    if (!test::MemoryTrace::possible()) return;
    test::MemoryTrace::install();
    test::watch_kernels();
  }
};
[[maybe_unused]] const auto* const device = testing::AddGlobalTestEnvironment(new Device);

TEST(Threads, RunEveryKernelThatIsNoLibrarys) {
  std::vector<std::string> expected;
  for (const nn::KernelSlot& slot : nn::kernel_slots()) {
    const std::string name = slot.name;
    if (name.find("conv2d") == std::string::npos && name.find("linear") == std::string::npos) expected.push_back(name);
  }
  EXPECT_EQ(own_kernels, expected);
}

}  // namespace
