#include "nn/autograd/tape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn/core/allocator.h"
#include "nn/kernels/fill.h"
#include "nn/ops/activation.h"
#include "nn/ops/add.h"
#include "nn/ops/concat.h"

namespace {

using nn::Device;
using nn::Shape;
using nn::Tape;
using nn::Tensor;
using nn::Variable;
using testing::ElementsAre;

Tensor filled(Shape shape, double value) {
  const Tensor t = Tensor::empty(shape);
  nn::fill(value, t);
  return t;
}

std::vector<float> gradient_of(const Variable& v) { return v.gradient().to_vector<float>(); }

TEST(Tape, GathersTheGradientOfASharedInput) {
  Tape tape;
  const Variable x = Variable::leaf(filled({1, 1, 1, 1}, 2), &tape);
  // x + x + relu(x) + (x + relu(x)): five times.
  const Variable r = nn::relu(x);
  tape.backward(nn::add(nn::add(nn::add(x, x), r), nn::add(x, r)));
  EXPECT_THAT(gradient_of(x), ElementsAre(5));
}

TEST(Tape, GathersOverSeveralBackwardPassesUntilCleared) {
  Tape tape;
  const Variable x = Variable::leaf(filled({1, 1, 1, 1}, 2), &tape);
  tape.backward(nn::relu(x));
  tape.backward(nn::relu(x), 10);
  EXPECT_THAT(gradient_of(x), ElementsAre(11));
  x.clear_gradient();
  tape.backward(nn::relu(x), 3);
  EXPECT_THAT(gradient_of(x), ElementsAre(3));
}

TEST(Tape, ListsNamesInOrderAndIsEmptyAfterBackward) {
  Tape tape;
  const Variable x = Variable::leaf(filled({1, 1, 1, 1}, 2), &tape);
  const Variable loss = nn::sigmoid(nn::add(nn::relu(x), x));
  EXPECT_THAT(tape.names(), ElementsAre(testing::StrEq("relu"), testing::StrEq("add"), testing::StrEq("sigmoid")));
  tape.backward(loss);
  EXPECT_EQ(tape.size(), 0U);
}

TEST(Tape, RefusesALossThatIsNotItsOwn) {
  Tape tape, other;
  const Variable x = Variable::leaf(filled({1, 1, 1, 2}, 2), &tape);
  EXPECT_THROW(tape.backward(nn::relu(x)), nn::Error);  // two numbers
  const Variable y = nn::relu(Variable::leaf(filled({1, 1, 1, 1}, 2), &other));
  EXPECT_THROW(tape.backward(y), nn::Error);
  EXPECT_THROW(nn::add(x, Variable::leaf(filled({1, 1, 1, 2}, 2), &other)), nn::Error);
}

TEST(Tape, FreesWhatWasSavedAsItUnwinds) {
  const std::size_t before = nn::memory_use(Device::cpu).live;
  const Shape shape{1, 1, 1, 1 << 16};
  const std::size_t one = 4U << 16U;
  Tape tape;
  const Variable x = Variable::leaf(filled(shape, 1), &tape);
  Variable y = x;
  for (int i = 0; i < 8; ++i) y = nn::relu(y);
  EXPECT_EQ(nn::memory_use(Device::cpu).live - before, 9 * one);
  nn::reset_peak_memory(Device::cpu);
  const Tensor upstream = filled(shape, 1);
  tape.backward_from(y, upstream);
  y = Variable();
  // The values of the chain go one by one as gradients come: never both whole chains at once.
  EXPECT_LE(nn::memory_use(Device::cpu).peak - before, 13 * one);
  EXPECT_EQ(nn::memory_use(Device::cpu).live - before, 3 * one);  // x, its gradient, upstream
}

TEST(Tape, IsEmptyAfterABackwardThatFails) {
  Tape tape;
  const Variable x = Variable::leaf(filled({1, 1, 1, 1}, 2), &tape);
  const Variable before = nn::relu(x);
  tape.record("broken", [] { throw nn::Error("[broken] no backward"); });
  EXPECT_THROW(tape.backward(nn::relu(before)), nn::Error);
  EXPECT_EQ(tape.size(), 0U);
}

TEST(NoTape, MeansNoGraphAndNoSavedMemory) {
  const Shape shape{1, 1, 1, 1 << 16};
  const std::size_t one = 4U << 16U;
  const Variable x = Variable::leaf(filled(shape, 1));  // a parameter in inference: a gradient, but no tape
  const std::size_t before = nn::memory_use(Device::cpu).live;
  nn::reset_peak_memory(Device::cpu);
  Variable y = x;
  for (int i = 0; i < 8; ++i) y = nn::relu(y);
  EXPECT_FALSE(y.requires_grad());
  EXPECT_FALSE(y.recorded());
  EXPECT_EQ(nn::memory_use(Device::cpu).live, before + one);      // the last y alone
  EXPECT_EQ(nn::memory_use(Device::cpu).peak, before + 2 * one);  // its input and itself
}

TEST(Constants, AreNotRecorded) {
  Tape tape;
  const Variable x(filled({1, 1, 1, 2}, 1), &tape);
  EXPECT_FALSE(nn::relu(x).recorded());
  EXPECT_EQ(tape.size(), 0U);
  EXPECT_THROW(x.gradient(), nn::Error);
}

TEST(Views, GradientLandsInTheBuffersGradient) {
  Tape tape;
  const Variable buffer = Variable::leaf(filled({2, 1, 1, 4}, 1), &tape);
  const Variable y = nn::relu(buffer.channel_range(1, 3));
  tape.backward_from(y, Tensor::from<float>({2, 1, 1, 2}, {1, 2, 3, 4}));
  EXPECT_THAT(gradient_of(buffer), ElementsAre(0, 1, 2, 0, 0, 3, 4, 0));
  EXPECT_THAT(gradient_of(buffer.channel_range(2, 4)), ElementsAre(2, 0, 4, 0));
}

TEST(Views, OfViewsAndOverlapsAddUp) {
  Tape tape;
  const Variable buffer = Variable::leaf(filled({1, 1, 1, 5}, 1), &tape);
  const Variable inner = buffer.channel_range(1, 5).channel_range(1, 3);  // channels 2 and 3
  const Variable y = nn::concat({nn::relu(inner), nn::relu(buffer), nn::relu(buffer.channel_range(0, 3))});
  tape.backward_from(y, Tensor::from<float>({1, 1, 1, 10}, {100, 100, 10, 10, 10, 10, 10, 1, 1, 1}));
  EXPECT_THAT(gradient_of(buffer), ElementsAre(11, 11, 111, 110, 10));
}

TEST(Views, AFirstTouchOfAPartClearsTheRest) {
  nn::GradSlot slot({1, 1, 1, 4}, nn::DType::f32, Device::cpu);
  const nn::GradTarget whole = slot.target(0, 4);
  EXPECT_EQ(whole.beta, 0);
  nn::fill(9, whole.gradient);
  slot.clear();
  const nn::GradTarget part = slot.target(1, 3);
  EXPECT_EQ(part.beta, 1);
  EXPECT_THAT(slot.gradient().to_vector<float>(), ElementsAre(0, 0, 0, 0));
  nn::fill(2, part.gradient);
  EXPECT_EQ(slot.target(0, 4).beta, 1);
  EXPECT_THAT(slot.gradient().to_vector<float>(), ElementsAre(0, 2, 2, 0));
}

TEST(Views, AWrittenSlotIsAddedTo) {
  nn::GradSlot slot({1, 1, 1, 4}, nn::DType::f32, Device::cpu);
  EXPECT_EQ(slot.target(0, 4).beta, 0);
  EXPECT_EQ(slot.target(0, 4).beta, 1);
  EXPECT_EQ(slot.target(0, 2).beta, 1);
}

TEST(Views, AReshapedGradientIsTheSameMemory) {
  Tape tape;
  const Variable x = Variable::leaf(filled({2, 1, 2, 3}, 1), &tape);
  tape.backward_from(nn::relu(x.reshape({2, 1, 1, 6})), filled({2, 1, 1, 6}, 4));
  EXPECT_EQ(gradient_of(x), std::vector<float>(12, 4.0F));
  EXPECT_EQ(x.reshape({2, 1, 1, 6}).gradient().shape(), (Shape{2, 1, 1, 6}));
}

TEST(Views, OfChannelsAfterAReshapeOfChannelsAreRefused) {
  const Variable x = Variable::leaf(filled({2, 1, 2, 3}, 1));
  EXPECT_THROW(x.reshape({2, 1, 1, 6}).channel_range(0, 3), nn::Error);
}

TEST(Gradient, OfAnUntouchedVariableIsZero) {
  const Variable x = Variable::leaf(filled({1, 1, 1, 3}, 1));
  EXPECT_THAT(gradient_of(x), ElementsAre(0, 0, 0));
}

}  // namespace
