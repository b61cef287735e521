// Tests that run on a GPU and skip themselves, with the reason, where there is none.
#pragma once

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "nn/core/device_runtime.h"
#include "nn/tensor/copy.h"

namespace test {

class WithGpu : public testing::Test {
 protected:
  void SetUp() override {
    nn::DeviceRuntime* found = nn::runtime(nn::Device::cuda);
    ASSERT_NE(found, nullptr);
    if (!found->why_unavailable().empty()) GTEST_SKIP() << found->why_unavailable();
  }
  /// No defect of one test may show in the next.
  void TearDown() override {
    if (!IsSkipped()) nn::synchronize(nn::Device::cuda);
  }

  static nn::DeviceRuntime& gpu() { return nn::require_runtime(nn::Device::cuda); }
  /// 1, 2, 3, ... on the CPU.
  static nn::Tensor counting(nn::Shape shape) {
    std::vector<float> values(static_cast<std::size_t>(shape.elements()));
    std::iota(values.begin(), values.end(), 1.0F);
    return nn::Tensor::from<float>(shape, values);
  }
  static std::vector<float> values_of(const nn::Tensor& tensor) {
    return nn::to_device(tensor, nn::Device::cpu).to_vector<float>();
  }
};

}  // namespace test
