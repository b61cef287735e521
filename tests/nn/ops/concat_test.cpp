#include "nn/ops/concat.h"

#include <gtest/gtest.h>

#include "nn/autograd/tape.h"
#include "nn/ops/activation.h"
#include "nn/ops/add.h"
#include "nn/ops/concat_buffer.h"
#include "tests/support/register_op_cases.h"

namespace {

using test::Variables;

/// A dense block of two layers: each reads from everything before it and adds 5 or 3 channels.
Variables block_with_buffer(const Variables& in) {
  nn::Shape shape = in[0].shape();
  shape.c = 7 + 5 + 3;
  nn::ConcatBuffer buffer(shape, {&in[0]});
  nn::relu_into(in[0], buffer.append(7));
  nn::sigmoid_into(buffer.filled().channel_range(1, 6), buffer.append(5));
  nn::sigmoid_into(buffer.filled().channel_range(6, 9), buffer.append(3));
  return {buffer.filled()};
}

Variables block_with_concat(const Variables& in) {
  const nn::Variable first = nn::relu(in[0]);
  const nn::Variable two = nn::concat({first, nn::sigmoid(first.channel_range(1, 6))});
  return {nn::concat({two, nn::sigmoid(two.channel_range(6, 9))})};
}

const bool registered_concat = test::register_op_cases(
    "Concat", {{.name = "OfThree",
                .inputs = {{.shape = {2, 3, 5, 7}}, {.shape = {2, 3, 5, 1}}, {.shape = {2, 3, 5, 4}}},
                .function = [](const Variables& in) -> Variables { return {nn::concat(in)}; }},
               {.name = "OfOnePixel",
                .inputs = {{.shape = {3, 1, 1, 13}}, {.shape = {3, 1, 1, 2}}},
                .function = [](const Variables& in) -> Variables { return {nn::concat(in)}; }},
               {.name = "WithAConstantFirst",
                .inputs = {{.shape = {2, 3, 5, 7}, .gradient = false}, {.shape = {2, 3, 5, 2}}},
                .function = [](const Variables& in) -> Variables { return {nn::concat(in)}; }}});

const bool registered_buffer =
    test::register_op_cases("ConcatBuffer", {{.name = "OfADenseBlock",
                                              .inputs = {{.shape = {2, 3, 5, 7}, .values = test::away_from_zero()}},
                                              .function = block_with_buffer,
                                              .reference = block_with_concat},
                                             {.name = "OfOnePixel",
                                              .inputs = {{.shape = {3, 1, 1, 7}, .values = test::away_from_zero()}},
                                              .function = block_with_buffer,
                                              .reference = block_with_concat}});

// A constant first and a parameter last, neither of which is on the tape.
TEST(Concat, IsRecordedWhicheverPartIsOnTheTape) {
  nn::Tape tape;
  const nn::Variable constant(nn::Tensor::zeros({1, 1, 1, 2}));
  const nn::Variable x = nn::Variable::leaf(nn::Tensor::zeros({1, 1, 1, 1}), &tape);
  const nn::Variable parameter = nn::Variable::leaf(nn::Tensor::zeros({1, 1, 1, 1}));
  const nn::Variable y = nn::concat({constant, x, parameter});
  ASSERT_TRUE(y.recorded());
  tape.backward_from(y, nn::Tensor::from<float>({1, 1, 1, 4}, {1, 2, 3, 4}));
  EXPECT_EQ(x.gradient().item(), 3);
  EXPECT_EQ(parameter.gradient().item(), 4);
}

TEST(Concat, RefusesPartsOfAnotherSize) {
  const nn::Variable wide(nn::Tensor::zeros({1, 2, 3, 2})), high(nn::Tensor::zeros({1, 3, 2, 2}));
  EXPECT_THROW(nn::concat({wide, high}), nn::Error);
}

TEST(ConcatBuffer, KeepsEverythingInOneBlockOfMemory) {
  const nn::Variable x = nn::Variable::leaf(nn::Tensor::zeros({2, 3, 5, 4}));
  nn::ConcatBuffer buffer({2, 3, 5, 9}, {&x});
  const nn::Variable first = buffer.append(4), second = buffer.append(3);
  EXPECT_EQ(buffer.channels_left(), 2);
  EXPECT_TRUE(buffer.filled().value().shares_storage(first.value()));
  EXPECT_TRUE(buffer.filled().value().shares_storage(second.value()));
  EXPECT_EQ(second.value().row<float>(0), buffer.filled().value().row<float>(0) + 4);
  EXPECT_EQ(buffer.filled().c(), 7);
}

TEST(ConcatBuffer, RefusesMoreThanIsLeft) {
  const nn::Variable x = nn::Variable(nn::Tensor::zeros({2, 3, 5, 4}));
  nn::ConcatBuffer buffer({2, 3, 5, 9}, {&x});
  buffer.append(5);
  EXPECT_THROW(buffer.append(5), nn::Error);
}

}  // namespace
