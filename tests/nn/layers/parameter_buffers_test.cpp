// The flat buffers that hold all parameters and gradients.
#include "nn/layers/parameter_buffers.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

#include "nn/autograd/tape.h"
#include "nn/kernels/fill.h"
#include "nn/ops/linear.h"

namespace nn {
namespace {

class ParameterBuffersTest : public testing::Test {
 protected:
  ParameterBuffersTest() {
    std::iota(weight_.value().data<float>(), weight_.value().data<float>() + 6, 1.0F);
    fill(0.5, bias_.value());
  }

  std::vector<NamedParameter> all() {
    return {{"weight", &weight_}, {"bias", &bias_}, {"frozen", &frozen_}, {"unused", &unused_}};
  }

  Parameter weight_{{2, 1, 1, 3}, {}};
  Parameter bias_{vector_shape(2), {.weight_decay = false}};
  Parameter frozen_ = make_frozen();
  Parameter unused_{vector_shape(17), {}};

  static Parameter make_frozen() {
    Parameter parameter(vector_shape(5), {});
    parameter.set_trainable(false);
    return parameter;
  }
};

TEST_F(ParameterBuffersTest, GroupsAreContiguousAndEntriesPaddedTo64Bytes) {
  const ParameterBuffers buffers(group_by_weight_decay(all()), DType::f32, Device::cpu);
  ASSERT_EQ(buffers.groups().size(), 2U);
  const ParameterGroup &decay = buffers.groups()[0], &no_decay = buffers.groups()[1];
  EXPECT_EQ(decay.name, "decay");
  EXPECT_EQ(decay.weight_decay_scale, 1);
  EXPECT_EQ(decay.offset, 0);
  EXPECT_EQ(decay.elements, 16 + 32) << "6 and 17 elements, padded to multiples of 16 floats";
  EXPECT_EQ(no_decay.name, "no_decay");
  EXPECT_EQ(no_decay.weight_decay_scale, 0);
  EXPECT_EQ(no_decay.offset, 48);
  EXPECT_EQ(no_decay.elements, 16);
  EXPECT_EQ(buffers.values().elements(), 64);
  for (const Parameter* parameter : {&weight_, &bias_, &unused_}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(parameter->value().raw()) % 64, 0U);
  }
}

TEST_F(ParameterBuffersTest, ValuesMoveIntoTheBufferAndStayShared) {
  const ParameterBuffers buffers(group_by_weight_decay(all()), DType::f32, Device::cpu);
  const std::vector<float> flat = buffers.values().to_vector<float>();
  EXPECT_EQ(std::vector<float>(flat.begin(), flat.begin() + 8), (std::vector<float>{1, 2, 3, 4, 5, 6, 0, 0}));
  EXPECT_EQ(flat[48], 0.5F);
  buffers.values().data<float>()[0] = 9;
  EXPECT_EQ(weight_.value().data<float>()[0], 9);
  EXPECT_FALSE(frozen_.value().shares_storage(buffers.values()));
}

TEST_F(ParameterBuffersTest, ConvertsToDouble) {
  const ParameterBuffers buffers(group_by_weight_decay(all()), DType::f64, Device::cpu);
  EXPECT_EQ(buffers.groups()[0].elements, 8 + 24) << "multiples of 8 doubles";
  EXPECT_EQ(weight_.value().to_vector<double>(), (std::vector<double>{1, 2, 3, 4, 5, 6}));
}

TEST_F(ParameterBuffersTest, GradientsLandInTheBufferAndClearStartsAnew) {
  ParameterBuffers buffers(group_by_weight_decay(all()), DType::f32, Device::cpu);
  fill(7.0, buffers.gradients());  // what an earlier step may have left
  const Tensor x = Tensor::from(matrix_shape(1, 3), {1.0F, 10.0F, 100.0F});
  for (int step = 0; step < 2; ++step) {
    buffers.clear_gradients();
    Tape tape;
    const Variable y = linear(Variable(x, &tape), weight_.variable(), bias_.variable());
    tape.backward_from(y, Tensor::from(y.shape(), {1.0F, 2.0F}));
    const std::vector<float> gradient = buffers.gradients().to_vector<float>();
    EXPECT_EQ(std::vector<float>(gradient.begin(), gradient.begin() + 8),
              (std::vector<float>{1, 10, 100, 2, 20, 200, 0, 0}));
    EXPECT_EQ(gradient[48], 1);
    EXPECT_EQ(gradient[49], 2);
    for (int i = 16; i < 48; ++i) EXPECT_EQ(gradient[static_cast<std::size_t>(i)], 0) << "no backward reached it";
  }
}

TEST_F(ParameterBuffersTest, WithoutClearingGradientsAddUp) {
  ParameterBuffers buffers(group_by_weight_decay(all()), DType::f32, Device::cpu);
  buffers.clear_gradients();
  const Tensor x = Tensor::from(matrix_shape(1, 3), {1.0F, 10.0F, 100.0F});
  for (int part = 0; part < 2; ++part) {
    Tape tape;
    const Variable y = linear(Variable(x, &tape), weight_.variable(), bias_.variable());
    tape.backward_from(y, Tensor::from(y.shape(), {1.0F, 2.0F}));
  }
  EXPECT_EQ(weight_.gradient().to_vector<float>(), (std::vector<float>{2, 20, 200, 4, 40, 400}));
}

TEST_F(ParameterBuffersTest, InBf16ComputesWithARoundedCopyOfF32Values) {
  const float fine = 1 + 0x1p-12F;  // between two bf16 numbers
  weight_.value().data<float>()[0] = fine;
  const ParameterBuffers buffers(group_by_weight_decay(all()), DType::bf16, Device::cpu);
  EXPECT_EQ(buffers.values().dtype(), DType::f32);
  EXPECT_EQ(buffers.gradients().dtype(), DType::f32);
  ASSERT_EQ(buffers.copy().dtype(), DType::bf16);
  EXPECT_EQ(buffers.copy().shape(), buffers.values().shape());
  EXPECT_EQ(weight_.value().data<float>()[0], fine);
  const Tensor& computed = weight_.variable().value();
  EXPECT_EQ(computed.dtype(), DType::bf16);
  EXPECT_TRUE(computed.shares_storage(buffers.copy()));
  EXPECT_EQ(static_cast<float>(computed.data<bfloat16>()[0]), 1);
  EXPECT_EQ(static_cast<float>(buffers.copy().data<bfloat16>()[48]), 0.5F) << "the same layout as the values";
  EXPECT_EQ(weight_.gradient().dtype(), DType::f32);
  EXPECT_TRUE(weight_.gradient().shares_storage(buffers.gradients()));
}

TEST_F(ParameterBuffersTest, FreezingInBf16KeepsTheCopy) {
  ParameterBuffers buffers(group_by_weight_decay(all()), DType::bf16, Device::cpu);
  buffers.set_frozen(0, true);
  EXPECT_EQ(weight_.variable().value().dtype(), DType::bf16);
  EXPECT_FALSE(weight_.trainable());
  buffers.set_frozen(0, false);
  EXPECT_TRUE(weight_.variable().value().shares_storage(buffers.copy()));
  EXPECT_EQ(weight_.gradient().dtype(), DType::f32);
}

TEST_F(ParameterBuffersTest, NothingToTrainIsAnError) {
  EXPECT_THROW(ParameterBuffers(group_by_weight_decay({{"frozen", &frozen_}}), DType::f32, Device::cpu), Error);
}

}  // namespace
}  // namespace nn
