// Memory of a real GPU: copies, zeros, page-locked memory, and what happens when there is no more.
#include "cuda/runtime/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/runtime/context.h"
#include "nn/core/allocator.h"
#include "tests/cuda/with_gpu.h"
#include "tests/support/error_of.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Shape;
using nn::Tensor;

class CudaMemory : public test::WithGpu {};

TEST_F(CudaMemory, CopiesThereAndBackWithAnyPitches) {
  const Shape shape{2, 3, 5, 7};
  const Tensor host = counting(shape);
  for (const std::int64_t from_width : {7, 8, 13}) {
    for (const std::int64_t to_width : {7, 8, 13}) {
      const Tensor from = Tensor::zeros({2, 3, 5, from_width}).channel_range(from_width - 7, from_width);
      const Tensor on_gpu = Tensor::zeros({2, 3, 5, to_width}, DType::f32, Device::cuda);
      const Tensor slice = on_gpu.channel_range(0, 7);
      nn::copy_into(host, from);
      nn::copy_into(from, slice);
      const Tensor elsewhere = Tensor::zeros({2, 3, 5, 9}, DType::f32, Device::cuda).channel_range(1, 8);
      nn::copy_into(slice, elsewhere);  // within the GPU
      EXPECT_EQ(values_of(elsewhere), host.to_vector<float>()) << from_width << " to " << to_width;
      if (to_width > 7) {
        const std::vector<float> beside = values_of(on_gpu.channel_range(7, to_width));
        EXPECT_THAT(beside, testing::Each(0.0F));
      }
    }
  }
}

TEST_F(CudaMemory, BeginsAsZerosWhenAsked) {
  EXPECT_THAT(values_of(Tensor::zeros({3, 5, 7, 11}, DType::f32, Device::cuda)), testing::Each(0.0F));
  EXPECT_EQ(Tensor::zeros({0, 1, 1, 4}, DType::f32, Device::cuda).elements(), 0);
}

TEST_F(CudaMemory, FreedBlocksAreHandedOutAgain) {
  const void* first = Tensor::empty({1, 1, 1, 1 << 22}, DType::f32, Device::cuda).raw();
  const Tensor second = Tensor::empty({1, 1, 1, 1 << 22}, DType::f32, Device::cuda);
  EXPECT_EQ(second.raw(), first);
}

TEST_F(CudaMemory, SaysWhatDoesNotFitAndGoesOnWorking) {
  const auto before = cuda::device_memory().use();
  const std::int64_t tebibyte = std::int64_t{1} << 40U;
  const std::string error = test::error_of([&] { Tensor::empty({1, 1, 1, tebibyte / 4}, DType::f32, Device::cuda); });
  EXPECT_THAT(error, testing::HasSubstr("1024.0 GiB more do not fit on the GPU"));
  EXPECT_THAT(error, testing::HasSubstr("a smaller batch or size needs less"));
  EXPECT_EQ(cuda::device_memory().use().used, before.used);
  EXPECT_EQ(values_of(nn::to_device(counting({1, 2, 3, 4}), Device::cuda)), counting({1, 2, 3, 4}).to_vector<float>());
}

TEST_F(CudaMemory, FillsUpInPiecesAndIsThereAgainAfterwards) {
  const std::int64_t gibibyte = std::int64_t{1} << 30U;
  std::vector<Tensor> pieces;
  const std::string error = test::error_of([&] {
    for (int i = 0; i < 4096; ++i) pieces.push_back(Tensor::empty({1, 1, 1, gibibyte}, DType::u8, Device::cuda));
  });
  EXPECT_THAT(error, testing::HasSubstr("do not fit on the GPU"));
  ASSERT_GE(pieces.size(), 2U);
  const std::size_t held = pieces.size();
  pieces.clear();
  // Two at a time need other segments than those kept: they are given back first.
  for (std::size_t i = 0; i < held / 2; ++i) {
    pieces.push_back(Tensor::empty({1, 1, 1, 2 * gibibyte}, DType::u8, Device::cuda));
  }
  pieces.clear();
  cuda::device_memory().release_unused();
}

TEST_F(CudaMemory, ScratchMemoryCountsAsTensorsDo) {
  nn::reset_peak_memory(Device::cuda);
  const nn::MemoryUse before = nn::memory_use(Device::cuda);
  { const cuda::Workspace workspace(12345); }
  EXPECT_EQ(nn::memory_use(Device::cuda).live, before.live);
  EXPECT_EQ(nn::memory_use(Device::cuda).peak, before.live + 12345);
}

TEST_F(CudaMemory, PageLockedMemoryIsTheHostsOwn) {
  const Tensor pinned = Tensor::pinned({2, 3, 4, 5});
  EXPECT_EQ(pinned.device(), Device::cpu);
  nn::copy_into(counting({2, 3, 4, 5}), pinned);
  const Tensor on_gpu = Tensor::empty({2, 3, 4, 5}, DType::f32, Device::cuda);
  nn::copy_into(pinned, on_gpu);  // queued
  nn::synchronize(Device::cuda);
  EXPECT_EQ(values_of(on_gpu), pinned.to_vector<float>());
}

}  // namespace
