// gather() and scatter() on a device: a GPU, or tests/threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cuda/kernels/staging.h"
#include "nn/core/device_runtime.h"
#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"
#include "tests/support/compare.h"
#include "tests/support/values.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Shape;
using nn::Tensor;

class StagingKernels : public testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    if (!nn::has_device(Device::cuda)) GTEST_SKIP() << "no device to run on";
  }

  /// Numbers that are exact in bf16, on the CPU.
  static Tensor drawn(const Shape& shape) {
    nn::Random random(17);
    const Tensor rounded = Tensor::empty(shape, DType::bf16);
    Tensor values = Tensor::empty(shape);
    nn::cast(Tensor::from<double>(shape, test::uniform(-1, 1)(shape.elements(), random)), rounded);
    nn::cast(rounded, values);
    return values;
  }
  /// As channels [8, 8 + c) of a wider buffer on the device.
  static Tensor slice(const Tensor& values, DType dtype) {
    const Shape& shape = values.shape();
    const Tensor typed = Tensor::empty(shape, dtype);
    nn::cast(values, typed);
    const Tensor wide = Tensor::zeros({shape.n, shape.h, shape.w, (shape.c + 7) / 8 * 8 + 16}, dtype, Device::cuda);
    Tensor inside = wide.channel_range(8, 8 + shape.c);
    nn::copy_into(typed, inside);
    return inside;
  }
  static Tensor on_cpu(const Tensor& tensor) {
    const Tensor host = nn::to_device(tensor, Device::cpu);
    Tensor wide = Tensor::empty(host.shape());
    nn::cast(host, wide);
    return wide;
  }
};

/// z of `images` images and `channels` channels; without vectors there is no prologue.
void expect_gathered(const Tensor& x, const Tensor& z, const std::vector<float>& scale, const std::vector<float>& shift,
                     bool relu, double bound) {
  const Tensor expected = Tensor::zeros(z.shape());
  for (std::int64_t row = 0; row < x.rows(); ++row) {
    for (std::int64_t k = 0; k < x.c(); ++k) {
      const auto channel = static_cast<std::size_t>(k);
      float value = x.row<float>(row)[k];
      if (!scale.empty()) value *= scale[channel];
      if (!shift.empty()) value += shift[channel];
      expected.row<float>(row)[k] = relu ? std::max(0.0F, value) : value;
    }
  }
  EXPECT_EQ(test::difference("z", z, expected, bound), "");
}

TEST_P(StagingKernels, GatherNormalisesWhatIsThereAndFillsUpWithZeros) {
  for (const std::int64_t c : {1, 7, 8, 24, 35}) {
    for (const std::int64_t images : {2, 3}) {
      for (const std::int64_t more : {0, 5}) {
        const Tensor x = drawn({2, 3, 5, c});
        std::vector<float> scale, shift;
        for (std::int64_t k = 0; k < c; ++k) {
          scale.push_back(k % 2 == 0 ? 2 : -2);
          shift.push_back(static_cast<float>(k) / 2);
        }
        const auto vector = [&](const std::vector<float>& values) {
          return nn::to_device(Tensor::from<float>(nn::vector_shape(c), values), Device::cuda);
        };
        const Tensor from = slice(x, GetParam()), z = Tensor::empty({images, 3, 5, c + more}, GetParam(), Device::cuda);
        nn::fill(std::numeric_limits<double>::quiet_NaN(), z);
        cuda::gather(from, {}, z);
        expect_gathered(x, on_cpu(z), {}, {}, false, 0);
        // One product and one sum in f32, rounded once. Measured in bf16: 3.2e-3.
        const double bound = GetParam() == DType::bf16 ? 1.0 / 256 : 1e-7;
        cuda::gather(from, {.scale = vector(scale), .shift = vector(shift), .relu = true}, z);
        expect_gathered(x, on_cpu(z), scale, shift, true, bound);
        cuda::gather(from, {.scale = {}, .shift = vector(shift), .relu = false}, z);
        expect_gathered(x, on_cpu(z), {}, shift, false, bound);
        cuda::gather(from, {.scale = vector(scale), .shift = {}, .relu = false}, z);
        expect_gathered(x, on_cpu(z), scale, {}, false, bound);
        cuda::gather(from, {.scale = {}, .shift = {}, .relu = true}, z);
        expect_gathered(x, on_cpu(z), {}, {}, true, 0);
      }
    }
  }
}

TEST_P(StagingKernels, GatherWritesOverItsInput) {
  const Tensor x = drawn({2, 3, 5, 16}), inside = slice(x, GetParam());
  cuda::gather(inside, {.scale = {}, .shift = {}, .relu = true}, inside);
  expect_gathered(x, on_cpu(inside), {}, {}, true, 0);
}

TEST_P(StagingKernels, GatherKeepsWhatIsNoNumber) {
  const Tensor x = drawn({1, 1, 1, 8}), z = Tensor::empty({1, 1, 1, 8}, GetParam(), Device::cuda);
  x.data<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  cuda::gather(slice(x, GetParam()), {.scale = {}, .shift = {}, .relu = true}, z);
  EXPECT_TRUE(std::isnan(on_cpu(z).data<float>()[1]));
}

TEST_P(StagingKernels, ScatterCutsBackAndAdds) {
  for (const float beta : {0.0F, 1.0F}) {
    const Tensor all = drawn({3, 3, 5, 24}), x = Tensor::empty(all.shape(), GetParam(), Device::cuda);
    const Tensor typed = Tensor::empty(all.shape(), GetParam());
    nn::cast(all, typed);
    nn::copy_into(typed, x);
    const Tensor before = drawn({2, 3, 5, 19}), y = slice(before, GetParam()), expected = Tensor::empty(before.shape());
    for (std::int64_t row = 0; row < expected.rows(); ++row) {
      for (std::int64_t k = 0; k < expected.c(); ++k) {
        expected.row<float>(row)[k] = all.row<float>(row)[k] + beta * before.row<float>(row)[k];
      }
    }
    cuda::scatter(x, y, beta);
    // Rounded once. Measured in bf16: 2.5e-3.
    EXPECT_EQ(test::difference("y", on_cpu(y), expected, GetParam() == DType::bf16 ? 1.0 / 256 : 0), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Types, StagingKernels, testing::Values(DType::f32, DType::bf16),
                         [](const auto& type) { return type.param == DType::f32 ? "f32" : "bf16"; });

}  // namespace
