#include "nn/layers/conv_chain.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "nn/autograd/tape.h"
#include "nn/ops/add.h"
#include "nn/tensor/copy.h"
#include "tests/support/compare.h"
#include "tests/support/values.h"

namespace {

using nn::Context;
using nn::Tensor;
using nn::Variable;

/// stem, norm0, then norm1, conv1, norm2, conv2; run layer by layer, or as chains.
class Network : public nn::Module {
 public:
  explicit Network(bool chained)
      : chained_(chained),
        stem_(add_child<nn::Conv2d>("stem", 3, 5, nn::Conv2d::Options{.stride = 2})),
        norm0_(add_child<nn::BatchNorm2d>("norm0", 5, nn::BatchNorm2d::Options{.relu = true})),
        norm1_(add_child<nn::BatchNorm2d>("norm1", 5, nn::BatchNorm2d::Options{.relu = true})),
        conv1_(add_child<nn::Conv2d>("conv1", 5, 7, nn::Conv2d::Options{.kernel = 1, .bias = false})),
        norm2_(add_child<nn::BatchNorm2d>("norm2", 7, nn::BatchNorm2d::Options{.relu = true})),
        conv2_(add_child<nn::Conv2d>("conv2", 7, 4, nn::Conv2d::Options{.padding = nn::pad(1), .bias = false})) {
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
    if (!chained_) {
      const Variable y = norm0_(stem_(x, context), context);
      return conv2_(norm2_(conv1_(norm1_(y, context), context), context), context);
    }
    const Variable y = nn::conv_norm(stem_, norm0_, x, context);
    return nn::run_chain({{norm1_, conv1_}, {norm2_, conv2_}}, nn::measured(y, context), context).map;
  }

 private:
  bool chained_;
  nn::Conv2d& stem_;
  nn::BatchNorm2d &norm0_, &norm1_;
  nn::Conv2d& conv1_;
  nn::BatchNorm2d& norm2_;
  nn::Conv2d& conv2_;
};

Tensor input() {
  nn::Random random(4);
  return Tensor::from<double>({2, 9, 11, 3}, test::normal()(2 * 9 * 11 * 3, random));
}

/// x + conv2(norm2(conv1(norm1(x)))), run layer by layer, or as a residual chain.
class Residual : public nn::Module {
 public:
  explicit Residual(bool chained)
      : chained_(chained),
        norm1_(add_child<nn::BatchNorm2d>("norm1", 3, nn::BatchNorm2d::Options{.relu = true})),
        conv1_(add_child<nn::Conv2d>("conv1", 3, 7, nn::Conv2d::Options{.padding = nn::pad(1), .bias = false})),
        norm2_(add_child<nn::BatchNorm2d>("norm2", 7, nn::BatchNorm2d::Options{.relu = true})),
        conv2_(add_child<nn::Conv2d>("conv2", 7, 3, nn::Conv2d::Options{.padding = nn::pad(1), .bias = false})) {
    initialize(1);
    convert(nn::DType::f64);
  }
  const char* kind() const override { return "Residual"; }

 protected:
  Variable forward(const Variable& x, const Context& context) override {
    if (chained_) {
      return nn::run_residual_chain({{norm1_, conv1_}, {norm2_, conv2_}}, nn::measured(x, context), context).map;
    }
    return nn::add(x, conv2_(norm2_(conv1_(norm1_(x, context), context), context), context));
  }

 private:
  bool chained_;
  nn::BatchNorm2d& norm1_;
  nn::Conv2d& conv1_;
  nn::BatchNorm2d& norm2_;
  nn::Conv2d& conv2_;
};

/// The output, every gradient and the running statistics after a step.
template <class Network>
std::map<std::string, Tensor> step(bool chained, const Context& context) {
  Network network(chained);
  nn::Tape tape;
  const Variable y = network(Variable(input(), &tape), context);
  tape.backward_from(y, y.value());
  std::map<std::string, Tensor> results{{"output", y.value()}};
  for (const auto& [path, parameter] : network.parameters()) results["gradient of " + path] = parameter->gradient();
  for (const auto& [path, buffer] : network.buffers()) results[path] = *buffer;
  return results;
}

template <class Network>
void expect_step_of_the_layers(const Context& context) {
  const auto chained = step<Network>(true, context), layers = step<Network>(false, context);
  for (const auto& [name, tensor] : layers) {
    EXPECT_EQ(test::difference(name, chained.at(name), tensor, 1e-10), "");
  }
}

TEST(ConvChain, TrainsAsItsLayersDo) { expect_step_of_the_layers<Network>({.training = true}); }

TEST(ConvChain, TrainsAsItsLayersDoOnRunningStatistics) {
  expect_step_of_the_layers<Network>({.training = true, .frozen_batch_norm = true});
}

TEST(ConvChain, TrainsBesideASkipConnectionAsItsLayersDo) {
  expect_step_of_the_layers<Residual>({.training = true});
  expect_step_of_the_layers<Residual>({.training = true, .frozen_batch_norm = true});
}

TEST(ConvChain, AddsToItsInputInInference) {
  const Variable expected = Residual(false)(Variable(input()), {}), x(input());
  const Variable y = Residual(true)(x, {});
  EXPECT_EQ(y.value().data<double>(), x.value().data<double>());
  EXPECT_EQ(test::difference("y", y.value(), expected.value(), 1e-12), "");
}

TEST(ConvChain, InfersAsItsLayersDo) {
  const Variable x(input());
  EXPECT_EQ(test::difference("y", Network(true)(x, {}).value(), Network(false)(x, {}).value(), 1e-12), "");
}

TEST(ConvChain, MeasuresWithoutATapeToo) {  // as when running statistics are taken anew
  Network chained(true), layers(false);
  const Variable x(input());
  chained(x, {.training = true});
  layers(x, {.training = true});
  const auto expected = layers.buffers();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto& [path, buffer] = expected[i];
    EXPECT_EQ(test::difference(path, *chained.buffers()[i].buffer, *buffer, 1e-12), "");
  }
}

TEST(ConvChain, TellsOfItsLayersInTheirOrderAndWhichAreComputedInOne) {
  struct Paths : nn::LayerObserver {
    std::string list;
    void note(const nn::LayerNote& note) override { list += note.path + (note.with_next ? " + " : ", "); }
  };
  for (const bool training : {false, true}) {
    Paths paths;
    Network(true)(Variable(input()), {.training = training, .observer = &paths});
    EXPECT_EQ(paths.list, training ? "stem, norm0, norm1 + conv1, norm2 + conv2, "
                                   : "stem + norm0, norm1 + conv1 + norm2, conv2, ");
  }
}

}  // namespace
