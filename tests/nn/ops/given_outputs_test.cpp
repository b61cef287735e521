// Ops that write into a variable they are given refuse one that would lose the gradient of their input.
#include <gtest/gtest.h>

#include "nn/autograd/tape.h"
#include "nn/ops/activation.h"
#include "nn/ops/add.h"
#include "nn/ops/batch_norm.h"
#include "nn/ops/dropout.h"
#include "nn/ops/pool.h"

namespace {

using nn::Tensor;
using nn::Variable;

class GivenOutputs : public testing::Test {
 protected:
  nn::Tape tape_;
  const Variable x_ = Variable::leaf(Tensor::zeros({2, 2, 2, 3}), &tape_);
  const Variable vector_{Tensor::zeros({1, 1, 1, 3})};
  const Variable same_{Tensor::zeros({2, 2, 2, 3})}, pooled_{Tensor::zeros({2, 1, 1, 3})};
};

TEST_F(GivenOutputs, ThatWouldLoseTheGradientAreRefused) {
  const Tensor random_state = Tensor::zeros({1, 1, 1, 4}, nn::DType::i32);
  EXPECT_THROW(nn::relu_into(x_, same_), nn::Error);
  EXPECT_THROW(nn::sigmoid_into(x_, same_), nn::Error);
  EXPECT_THROW(nn::add_into(same_, x_, same_), nn::Error);
  EXPECT_THROW(nn::dropout_into(x_, random_state, {}, same_), nn::Error);
  EXPECT_THROW(nn::max_pool_into(x_, {}, pooled_), nn::Error);
  EXPECT_THROW(nn::average_pool_into(x_, {}, pooled_), nn::Error);
  EXPECT_THROW(nn::global_average_pool_into(x_, pooled_), nn::Error);
  EXPECT_THROW(nn::normalize_into(x_, {vector_, vector_}, vector_, vector_, same_), nn::Error);
  EXPECT_THROW(nn::channel_statistics_into(x_, {vector_, vector_}), nn::Error);
  EXPECT_EQ(tape_.size(), 0U);
}

TEST_F(GivenOutputs, WithoutATapeMayBePlain) {
  const Variable parameter = Variable::leaf(Tensor::zeros({2, 2, 2, 3}));
  EXPECT_NO_THROW(nn::relu_into(parameter, same_));
  EXPECT_NO_THROW(nn::channel_statistics_into(parameter, {vector_, vector_}));
}

}  // namespace
