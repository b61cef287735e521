// What a parameter computes with, and what it learns.
#include "nn/layers/parameter.h"

#include <gtest/gtest.h>

#include "nn/kernels/fill.h"
#include "nn/layers/batch_norm.h"

namespace nn {
namespace {

TEST(Parameter, ComputesWithItsValueUnlessToldOtherwise) {
  const Parameter parameter(vector_shape(3), {});
  EXPECT_TRUE(parameter.variable().value().shares_storage(parameter.value()));
}

TEST(Parameter, ComputesInBf16WithACopyThatFollowsOnRequest) {
  Parameter parameter(vector_shape(3), {});
  fill(1, parameter.value());
  parameter.compute_in(DType::bf16);
  const auto computed = [&] { return static_cast<float>(parameter.variable().value().data<bfloat16>()[2]); };
  EXPECT_EQ(computed(), 1);
  EXPECT_EQ(parameter.gradient().dtype(), DType::f32);
  fill(2, parameter.value());
  EXPECT_EQ(computed(), 1);
  parameter.update_copy();
  EXPECT_EQ(computed(), 2);
  parameter.compute_in(DType::f32);
  EXPECT_TRUE(parameter.variable().value().shares_storage(parameter.value()));
}

TEST(Parameter, FrozenComputesInBf16Too) {
  Parameter parameter(vector_shape(3), {});
  parameter.set_trainable(false);
  parameter.compute_in(DType::bf16);
  EXPECT_EQ(parameter.variable().value().dtype(), DType::bf16);
  EXPECT_FALSE(parameter.trainable());
}

TEST(Parameter, AValueIsNeverBf16) {
  Parameter parameter(vector_shape(3), {});
  EXPECT_THROW(parameter.convert(DType::bf16, Device::cpu), Error);
}

TEST(Parameter, BatchNormStaysF32) {
  BatchNorm2d norm(4);
  norm.compute_in(DType::bf16);
  for (const auto& [path, parameter] : norm.parameters()) {
    EXPECT_EQ(parameter->variable().value().dtype(), DType::f32) << path;
  }
}

}  // namespace
}  // namespace nn
