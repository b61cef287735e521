// fold_weights() on a device: a GPU, or tests/threads.
#include "cuda/kernels/fold_weights.h"

#include <gtest/gtest.h>

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

class FoldWeightsKernels : public testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    if (!nn::has_device(Device::cuda)) GTEST_SKIP() << "no device to run on";
  }

  /// Numbers that are exact in bf16, on the CPU.
  static Tensor drawn(const Shape& shape) {
    nn::Random random(23);
    const Tensor rounded = Tensor::empty(shape, DType::bf16);
    Tensor values = Tensor::empty(shape);
    nn::cast(Tensor::from<double>(shape, test::uniform(-2, 2)(shape.elements(), random)), rounded);
    nn::cast(rounded, values);
    return values;
  }
  static Tensor on_device(const Tensor& values, DType dtype) {
    if (!values.defined()) return {};
    const Tensor typed = Tensor::empty(values.shape(), dtype);
    nn::cast(values, typed);
    return nn::to_device(typed, Device::cuda);
  }
  static Tensor on_cpu(const Tensor& tensor) {
    const Tensor host = nn::to_device(tensor, Device::cpu);
    Tensor wide = Tensor::empty(host.shape());
    nn::cast(host, wide);
    return wide;
  }
};

/// folded = w * scale, folded_bias = bias * scale + shift, by the formula; undefined ones are 0, a scale 1.
void expect_folded(const Tensor& w, const nn::ConvEpilogue& epilogue, const Tensor& folded, const Tensor& folded_bias,
                   double bound) {
  const auto value_of = [](const Tensor& vector, std::int64_t channel, float otherwise) {
    return vector.defined() ? vector.data<float>()[channel] : otherwise;
  };
  const Shape& shape = w.shape();
  const Tensor weights = Tensor::empty(shape), biases = Tensor::empty(nn::vector_shape(shape.n));
  for (std::int64_t row = 0; row < w.rows(); ++row) {
    const float factor = value_of(epilogue.scale, row / (shape.h * shape.w), 1);
    for (std::int64_t k = 0; k < shape.c; ++k) weights.row<float>(row)[k] = w.row<float>(row)[k] * factor;
  }
  for (std::int64_t o = 0; o < shape.n; ++o) {
    biases.data<float>()[o] =
        value_of(epilogue.bias, o, 0) * value_of(epilogue.scale, o, 1) + value_of(epilogue.shift, o, 0);
  }
  EXPECT_EQ(test::difference("weights", folded, weights, bound), "");
  EXPECT_EQ(test::difference("bias", folded_bias, biases, bound), "");
}

TEST_P(FoldWeightsKernels, FoldWhatThereIsOfBiasScaleAndShift) {
  for (const Shape& shape : {Shape{5, 3, 3, 16}, Shape{5, 3, 3, 11}, Shape{40, 1, 1, 64}, Shape{1, 7, 7, 3}}) {
    const Tensor w = drawn(shape), numbers = drawn({3, 1, 1, shape.n});
    const auto vector = [&](bool given, std::int64_t n) { return given ? numbers.batch_range(n, n + 1) : Tensor(); };
    for (int given = 0; given < 8; ++given) {
      SCOPED_TRACE(nn::message(shape, (given & 1) != 0 ? ", bias" : "", (given & 2) != 0 ? ", scale" : "",
                               (given & 4) != 0 ? ", shift" : ""));
      const nn::ConvEpilogue epilogue{.bias = vector((given & 1) != 0, 0),
                                      .scale = vector((given & 2) != 0, 1),
                                      .shift = vector((given & 4) != 0, 2)};
      const Tensor folded = Tensor::empty(shape, GetParam(), Device::cuda);
      const Tensor folded_bias = Tensor::empty(nn::vector_shape(shape.n), GetParam(), Device::cuda);
      cuda::fold_weights(on_device(w, GetParam()),
                         {.bias = on_device(epilogue.bias, GetParam()),
                          .scale = on_device(epilogue.scale, DType::f32),
                          .shift = on_device(epilogue.shift, DType::f32)},
                         folded, folded_bias);
      // A product, and for the bias a sum, in f32, rounded once.
      const double bound = GetParam() == DType::bf16 ? 1.0 / 256 : 1e-6;
      expect_folded(w, epilogue, on_cpu(folded), on_cpu(folded_bias), bound);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, FoldWeightsKernels, testing::Values(DType::f32, DType::bf16),
                         [](const auto& type) { return type.param == DType::f32 ? "f32" : "bf16"; });

}  // namespace
