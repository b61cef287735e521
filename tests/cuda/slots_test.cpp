// A build with CUDA has a GPU kernel for everything that it has a CPU kernel for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nn/core/kernel.h"

namespace {

TEST(CudaSlots, EveryKernelHasItsGpuHalf) {
  std::vector<std::string> missing;
  const std::vector<nn::KernelSlot> slots = nn::kernel_slots();
  for (const nn::KernelSlot& slot : slots) {
    if (!slot.filled[static_cast<int>(nn::Device::cuda)]) missing.emplace_back(slot.name);
  }
  EXPECT_GT(slots.size(), 20U);
  EXPECT_THAT(missing, testing::IsEmpty());
}

}  // namespace
