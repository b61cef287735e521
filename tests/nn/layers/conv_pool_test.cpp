#include "nn/layers/conv_pool.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nn/autograd/tape.h"
#include "nn/tensor/copy.h"
#include "tests/support/compare.h"
#include "tests/support/values.h"

namespace {

using nn::Context;
using nn::Tensor;
using nn::Variable;

/// conv1, pool1, then conv2, norm2, pool2; run layer by layer, or in one.
class Network : public nn::Module {
 public:
  explicit Network(bool in_one)
      : in_one_(in_one),
        conv1_(add_child<nn::Conv2d>("conv1", 3, 16, nn::Conv2d::Options{.padding = nn::pad(1), .relu = true})),
        pool1_(add_child<nn::MaxPool2d>("pool1", nn::MaxPool2d::Options{})),
        conv2_(add_child<nn::Conv2d>("conv2", 16, 20, nn::Conv2d::Options{.padding = nn::pad(1)})),
        norm2_(add_child<nn::BatchNorm2d>("norm2", 20, nn::BatchNorm2d::Options{.relu = true})),
        pool2_(add_child<nn::MaxPool2d>("pool2", nn::MaxPool2d::Options{})) {
    initialize(1);
    convert(nn::DType::f64);
    nn::Random random(2);
    for (const auto& [path, buffer] : buffers()) {
      const std::vector<double> values = test::uniform(0.5, 2)(buffer->elements(), random);
      nn::copy_into(Tensor::from<double>(buffer->shape(), values), *buffer);
    }
  }
  const char* kind() const override { return "Network"; }

 protected:
  Variable forward(const Variable& x, const Context& context) override {
    if (in_one_) {
      return nn::conv_norm_pool(conv2_, norm2_, pool2_, nn::conv_pool(conv1_, pool1_, x, context), context);
    }
    const Variable y = pool1_(conv1_(x, context), context);
    return pool2_(norm2_(conv2_(y, context), context), context);
  }

 private:
  bool in_one_;
  nn::Conv2d& conv1_;
  nn::MaxPool2d& pool1_;
  nn::Conv2d& conv2_;
  nn::BatchNorm2d& norm2_;
  nn::MaxPool2d& pool2_;
};

Tensor input() {
  nn::Random random(4);
  return Tensor::from<double>({2, 19, 21, 3}, test::normal()(2 * 19 * 21 * 3, random));
}

TEST(ConvPool, InfersAsItsLayersDo) {
  const Variable x(input());
  EXPECT_EQ(test::difference("y", Network(true)(x, {}).value(), Network(false)(x, {}).value(), 1e-13), "");
}

void expect_gradients_of_the_layers(const Context& context) {
  Network in_one(true), layers(false);
  for (Network* network : {&in_one, &layers}) {
    nn::Tape tape;
    const Variable y = (*network)(Variable(input(), &tape), context);
    tape.backward_from(y, y.value());
  }
  const auto found = in_one.parameters(), expected = layers.parameters();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto& [path, parameter] = expected[i];
    EXPECT_EQ(
        test::difference(path, found[i].parameter->variable().gradient(), parameter->variable().gradient(), 1e-12), "");
  }
}

TEST(ConvPool, TrainsAsItsLayersDo) {
  expect_gradients_of_the_layers({.training = true, .frozen_batch_norm = true});
  expect_gradients_of_the_layers({});
}

TEST(ConvPool, MovesTheRunningStatisticsInTraining) {
  Network in_one(true), layers(false);
  const Variable x(input());
  in_one(x, {.training = true});
  layers(x, {.training = true});
  const auto found = in_one.buffers(), expected = layers.buffers();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(test::difference(expected[i].path, *found[i].buffer, *expected[i].buffer, 1e-12), "");
  }
}

TEST(ConvPool, TellsOfItsLayersInTheirOrderAndWhichAreComputedInOne) {
  struct Notes : nn::LayerObserver {
    std::string list;
    void note(const nn::LayerNote& note) override {
      list += note.path + " " + std::to_string(note.output.h) + (note.with_next ? " + " : ", ");
    }
  };
  for (const bool training : {false, true}) {
    Notes notes;
    Network(true)(Variable(input()), {.training = training, .observer = &notes});
    EXPECT_EQ(notes.list, training ? "conv1 19, pool1 9, conv2 9, norm2 9, pool2 4, "
                                   : "conv1 19 + pool1 9, conv2 9 + norm2 9 + pool2 4, ");
  }
}

}  // namespace
