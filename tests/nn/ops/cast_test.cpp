// Types between ops: what a cast does forward and backward, and which types a bf16 network's tensors have.
#include "nn/ops/cast.h"

#include <gtest/gtest.h>

#include "nn/autograd/tape.h"
#include "nn/kernels/fill.h"
#include "nn/ops/batch_norm.h"
#include "nn/ops/concat_buffer.h"
#include "tests/support/register_op_cases.h"

namespace nn {
namespace {

// By way of f64 and back, where nothing is rounded: the casts' kernels at every pitch and beta, on every device.
test::Variables there_and_back(const test::Variables& in) {
  return {cast_to(cast_to(in[0], DType::f64), in[0].value().dtype())};
}
const bool registered = test::register_op_cases(
    "Cast", {{.name = "ThereAndBackOfPixels", .inputs = {{.shape = {2, 3, 5, 7}}}, .function = there_and_back},
             {.name = "ThereAndBackOfOnePixel", .inputs = {{.shape = {3, 1, 1, 13}}}, .function = there_and_back}});

constexpr float fine = 1 + 0x1p-12F;  // between two bf16 numbers

std::vector<float> as_floats(const Tensor& tensor) {
  const Tensor f32 = Tensor::empty(tensor.shape());
  cast(tensor, f32);
  return f32.to_vector<float>();
}

TEST(Cast, RoundsForwardAndGivesTheGradientTheInputsType) {
  Tape tape;
  const Variable x = Variable::leaf(Tensor::from({1, 1, 2, 2}, {fine, 2.0F, -3.0F, 0.5F}), &tape);
  const Variable y = cast_to(x, DType::bf16);
  EXPECT_EQ(as_floats(y.value()), (std::vector<float>{1, 2, -3, 0.5F}));
  const Tensor dy = Tensor::empty(y.shape(), DType::bf16);
  fill(0.25, dy);
  EXPECT_EQ(y.gradient_target().gradient.dtype(), DType::bf16);
  y.clear_gradient();
  cast(dy, y.gradient_target().gradient);
  const Variable loss = Variable::leaf(Tensor::zeros({1, 1, 1, 1}), &tape);
  tape.backward(loss);
  EXPECT_EQ(x.gradient().dtype(), DType::f32);
  EXPECT_EQ(x.gradient().to_vector<float>(), (std::vector<float>{0.25F, 0.25F, 0.25F, 0.25F}));
}

TEST(Cast, AddsToAGradientThatIsThere) {
  Tape tape;
  const Variable x = Variable::leaf(Tensor::zeros({2, 1, 1, 3}), &tape);
  const Variable both[] = {cast_to(x, DType::f64), cast_to(x, DType::f64)};
  for (const Variable& y : both) fill(0.5, y.gradient_target().gradient);
  tape.backward(Variable::leaf(Tensor::zeros({1, 1, 1, 1}), &tape));
  EXPECT_EQ(x.gradient().to_vector<float>(), std::vector<float>(6, 1.0F));
}

TEST(Cast, ToItsOwnTypeIsTheVariableItself) {
  Tape tape;
  const Variable x = Variable::leaf(Tensor::zeros({2, 1, 1, 3}), &tape);
  EXPECT_TRUE(cast_to(x, DType::f32).value().shares_storage(x.value()));
  EXPECT_EQ(tape.size(), 0U);
}

TEST(Cast, BetweenSlicesOfChannels) {
  Tape tape;
  const Variable wide = Variable::leaf(Tensor::from({2, 1, 1, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}), &tape);
  const Variable y = cast_to(wide.channel_range(1, 3), DType::f32);
  EXPECT_EQ(y.value().to_vector<float>(), (std::vector<float>{2, 3, 5, 6}));
  fill(1, y.gradient_target().gradient);
  tape.backward(Variable::leaf(Tensor::zeros({1, 1, 1, 1}), &tape));
  EXPECT_EQ(wide.gradient().to_vector<double>(), (std::vector<double>{0, 1, 1, 0, 1, 1}));
}

TEST(Types, AnOutputHasTheFirstInputsTypeUnlessGivenAnother) {
  const Variable x(Tensor::zeros({1, 2, 2, 4}, DType::bf16)), gamma(Tensor::zeros(vector_shape(4)));
  EXPECT_EQ(Variable::output(x.shape(), {&x, &gamma}).value().dtype(), DType::bf16);
  EXPECT_EQ(Variable::output(x.shape(), {&x}, DType::f32).value().dtype(), DType::f32);
  EXPECT_EQ(ConcatBuffer(x.shape(), {&x}).dtype(), DType::bf16);
  EXPECT_EQ(ConcatBuffer(vector_shape(4), {&x}, DType::f32).dtype(), DType::f32);
}

TEST(Types, TheGradientOfABf16WeightIsF32) {
  Tape tape;
  const auto slot = std::make_shared<GradSlot>(vector_shape(4), DType::f32, Device::cpu);
  const Variable weight = Variable::leaf(Tensor::zeros(vector_shape(4), DType::bf16), slot, &tape);
  EXPECT_EQ(weight.gradient_target().gradient.dtype(), DType::f32);
  EXPECT_EQ(weight.gradient().dtype(), DType::f32);
}

}  // namespace
}  // namespace nn
