#include "nn/core/kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <tuple>

#include "nn/kernels/activation.h"
#include "nn/tensor/tensor.h"

namespace {

using testing::HasSubstr;

/// What a kernel sees of a tensor: enough to stand for one on a device that is not here.
struct Somewhere {
  nn::Device where = nn::Device::cpu;
  bool is_defined = true;
  nn::Device device() const { return where; }
  bool defined() const { return is_defined; }
};

using Slot = nn::Kernel<void(const Somewhere&, const Somewhere&, int&)>;

void count_cpu(const Somewhere&, const Somewhere&, int& calls) { calls += 1; }
void count_cuda(const Somewhere&, const Somewhere&, int& calls) { calls += 100; }

template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const nn::Error& error) {
    return error.what();
  }
  return "no error";
}

constexpr Somewhere on_cpu{nn::Device::cpu}, on_cuda{nn::Device::cuda}, undefined{nn::Device::cuda, false};

TEST(Kernel, RunsOnTheDeviceOfItsTensors) {
  Slot slot("count", count_cpu);
  slot.set(nn::Device::cuda, count_cuda);
  int calls = 0;
  slot(on_cpu, on_cpu, calls);
  EXPECT_EQ(calls, 1);
  slot(on_cuda, on_cuda, calls);
  EXPECT_EQ(calls, 101);
}

TEST(Kernel, DoesNotAskUndefinedTensors) {
  const Slot slot("count", count_cpu);
  int calls = 0;
  slot(undefined, on_cpu, calls);
  slot(undefined, undefined, calls);
  EXPECT_EQ(calls, 2);
}

TEST(Kernel, NamesItselfWhereADeviceHasNone) {
  const Slot slot("count", count_cpu);
  int calls = 0;
  EXPECT_EQ(error_of([&] { slot(on_cuda, on_cuda, calls); }), "[count] has no kernel for device cuda");
}

TEST(Kernel, RefusesTensorsOnTwoDevices) {
  Slot slot("count", count_cpu);
  slot.set(nn::Device::cuda, count_cuda);
  int calls = 0;
  EXPECT_EQ(error_of([&] { slot(on_cpu, on_cuda, calls); }), "[count] tensors on both cpu and cuda");
  EXPECT_EQ(calls, 0);
}

/// Tensors that travel in a struct, as the prologue of a convolution does.
struct Vectors {
  Somewhere scale, shift;
  auto tensors() const { return std::tie(scale, shift); }
};

TEST(Kernel, AsksTheTensorsOfAStructToo) {
  nn::Kernel<void(const Somewhere&, const Vectors&, int&)> slot(
      "count", [](const Somewhere&, const Vectors&, int& calls) { calls += 1; });
  int calls = 0;
  slot(on_cpu, {.scale = undefined, .shift = on_cpu}, calls);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(error_of([&] { slot(on_cpu, {.scale = undefined, .shift = on_cuda}, calls); }),
            "[count] tensors on both cpu and cuda");
  EXPECT_EQ(error_of([&] { slot(undefined, {.scale = on_cuda, .shift = on_cuda}, calls); }),
            "[count] has no kernel for device cuda");
  EXPECT_EQ(calls, 1);
}

TEST(KernelSlots, AreListedOnceInOrderAndFilledForTheCpu) {
  const auto slots = nn::kernel_slots();
  ASSERT_GT(slots.size(), 10U);
  bool relu = false;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    EXPECT_TRUE(slots[i].filled[static_cast<int>(nn::Device::cpu)]) << slots[i].name;
    EXPECT_TRUE(i == 0 || std::strcmp(slots[i - 1].name, slots[i].name) < 0) << slots[i].name;
    relu = relu || std::string(slots[i].name) == "relu_forward";
  }
  EXPECT_TRUE(relu);
}

TEST(KernelErrors, NameTheOpAndTheShapes) {
  const nn::Tensor x = nn::Tensor::zeros({1, 2, 3, 4}), y = nn::Tensor::zeros({1, 2, 3, 5});
  EXPECT_THAT(error_of([&] { nn::relu_forward(x, y); }), HasSubstr("[relu] expects equal shapes"));
  const nn::Tensor bytes = nn::Tensor::zeros({1, 2, 3, 4}, nn::DType::u8);
  EXPECT_THAT(error_of([&] { nn::relu_forward(bytes, bytes); }), HasSubstr("expects f32 or f64 on the CPU, got u8"));
}

}  // namespace
