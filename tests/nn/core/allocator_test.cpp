#include "nn/core/allocator.h"

#include <gtest/gtest.h>
#if defined(__linux__)
#include <sys/resource.h>
#include <unistd.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#include <cstdint>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <vector>

#include "nn/core/device_runtime.h"
#include "nn/core/error.h"
#include "nn/tensor/tensor.h"

namespace {

using nn::Device;

TEST(Allocator, AlignsBlocksTo64Bytes) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{63}, std::size_t{65}, std::size_t{1} << 20U}) {
    void* block = nn::allocator(Device::cpu).allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0U);
    nn::allocator(Device::cpu).deallocate(block, bytes);
  }
}

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
TEST(Allocator, HandsMemoryOutAgainWithoutPageFaults) {
  constexpr std::size_t mebibyte = 1U << 20U;
  const auto faults_of = [](std::initializer_list<std::size_t> sizes) {
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    for (const std::size_t bytes : sizes) {
      void* block = nn::allocator(Device::cpu).allocate(bytes);
      std::memset(block, 1, bytes);
      nn::allocator(Device::cpu).deallocate(block, bytes);
    }
    getrusage(RUSAGE_SELF, &after);
    return after.ru_minflt - before.ru_minflt;
  };
  faults_of({48 * mebibyte});
  EXPECT_LT(faults_of({48 * mebibyte, 33 * mebibyte, 20 * mebibyte}), 100);  // of 25 856 pages
}

/// Page faults of sixteen blocks of 256 MiB that are alive at once and touched at their ends alone.
std::int64_t faults_of_four_gibibytes() {
  constexpr std::size_t bytes = std::size_t{256} << 20U;
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  std::vector<char*> blocks;
  for (int i = 0; i < 16; ++i) {
    blocks.push_back(static_cast<char*>(nn::allocator(Device::cpu).allocate(bytes)));
    blocks.back()[0] = blocks.back()[bytes - 1] = 1;
  }
  for (char* block : blocks) nn::allocator(Device::cpu).deallocate(block, bytes);
  getrusage(RUSAGE_SELF, &after);
  return after.ru_minflt - before.ru_minflt;
}

TEST(Allocator, KeepsAsMuchAsAStepOfTrainingTook) {
  const std::int64_t first = faults_of_four_gibibytes();
  EXPECT_GE(first, 16);
  EXPECT_LT(faults_of_four_gibibytes(), first / 4);
}

/// Of the process, whether touched or not (proc(5): the first number of statm, in pages).
std::size_t virtual_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(Allocator, DoesNotAddBlocksOfOtherSizesToAllThatItKeeps) {
  constexpr std::size_t mebibyte = std::size_t{1} << 20U;
  const auto virtual_bytes_of_four_gibibytes = [](std::size_t bytes) {
    std::vector<void*> blocks;
    for (int i = 0; i < 16; ++i) blocks.push_back(nn::allocator(Device::cpu).allocate(bytes));
    const std::size_t result = virtual_bytes();
    for (void* block : blocks) nn::allocator(Device::cpu).deallocate(block, bytes);
    return result;
  };
  const std::size_t first = virtual_bytes_of_four_gibibytes(258 * mebibyte);
  const std::size_t second = virtual_bytes_of_four_gibibytes(260 * mebibyte);  // fit no segment of the first
  EXPECT_LT(second, first + 2200 * mebibyte);                                  // 2 GiB beside those in use
}
#endif

#if defined(__SANITIZE_ADDRESS__)
TEST(Allocator, BlocksEndWhereTheyWereAskedToForAddressSanitizer) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{100}, (std::size_t{2} << 20U) + 4}) {
    auto* block = static_cast<char*>(nn::allocator(Device::cpu).allocate(bytes));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 512, 0U);
    EXPECT_FALSE(__asan_address_is_poisoned(block + bytes - 1));
    EXPECT_TRUE(__asan_address_is_poisoned(block + bytes));
    nn::allocator(Device::cpu).deallocate(block, bytes);
  }
}
#endif

TEST(Allocator, RefusesWhatNoMachineHas) {
  EXPECT_THROW(nn::allocator(Device::cpu).allocate(std::size_t{1} << 60U), nn::Error);
}

TEST(Allocator, OfAMissingDeviceIsAnError) {
  if (nn::has_device(Device::cuda)) GTEST_SKIP() << "this machine has a CUDA device";
  EXPECT_THROW(nn::allocator(Device::cuda), nn::Error);
  EXPECT_THROW(nn::Tensor::zeros({1, 1, 1, 1}, nn::DType::f32, Device::cuda), nn::Error);
}

TEST(MemoryUse, CountsTensorsAliveAndTheirPeak) {
  nn::reset_peak_memory(Device::cpu);
  const std::size_t before = nn::memory_use(Device::cpu).live;
  {
    const nn::Tensor first = nn::Tensor::empty({1, 1, 1, 1000});
    const nn::Tensor view = first.channel_range(0, 10);
    EXPECT_EQ(nn::memory_use(Device::cpu).live, before + 4000);
    {
      const nn::Tensor second = nn::Tensor::empty({1, 1, 1, 500}, nn::DType::f64);
      EXPECT_EQ(nn::memory_use(Device::cpu).live, before + 8000);
    }
    EXPECT_EQ(nn::memory_use(Device::cpu).live, before + 4000);
  }
  EXPECT_EQ(nn::memory_use(Device::cpu).live, before);
  EXPECT_EQ(nn::memory_use(Device::cpu).peak, before + 8000);
  nn::reset_peak_memory(Device::cpu);
  EXPECT_EQ(nn::memory_use(Device::cpu).peak, before);
}

}  // namespace
