// Weights change in many ways while a network infers, and nobody tells the kernels that keep what they made of them
// (nn/cpu/filters/kept_filters.h). After each, the network must answer as one that has just been made with the same
// weights.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "nn/core/philox.h"
#include "nn/cpu/filters/kept_filters.h"
#include "nn/kernels/fill.h"
#include "nn/layers/conv_chain.h"
#include "nn/layers/global_pool.h"
#include "nn/layers/linear.h"
#include "nn/tensor/copy.h"
#include "train/inference.h"
#include "train/train_step.h"
#include "train/weights.h"

namespace {

using nn::Tensor;

/// A direct convolution with the batch norm behind it, two by minimal filtering, a matrix.
class Network : public nn::Module {
 public:
  const char* kind() const override { return "Network"; }

 protected:
  nn::Variable forward(const nn::Variable& x, const nn::Context& context) override {
    const nn::Variable y = conv_norm(direct_, norm_, x, context);
    return classifier_(pool_(small_(large_(y, context), context), context), context);
  }

 private:
  nn::Conv2d& direct_ = add_child<nn::Conv2d>("direct", 3, 16, nn::Conv2d::Options{.kernel = 3, .stride = 2});
  nn::BatchNorm2d& norm_ = add_child<nn::BatchNorm2d>("norm", 16, nn::BatchNorm2d::Options{.relu = true});
  nn::Conv2d& large_ = add_child<nn::Conv2d>("large", 16, 16, nn::Conv2d::Options{.kernel = 3, .padding = nn::pad(1)});
  nn::Conv2d& small_ = add_child<nn::Conv2d>("small", 16, 16, nn::Conv2d::Options{.kernel = 2});
  nn::GlobalAveragePool2d& pool_ = add_child<nn::GlobalAveragePool2d>("pool");
  nn::Linear& classifier_ = add_child<nn::Linear>("classifier", 16, 6);
};

Tensor random_input() {
  nn::Random random(3);
  const Tensor input = Tensor::empty({2, 24, 24, 3});
  std::generate_n(input.data<float>(), input.elements(), [&] { return random.uniform(); });
  return input;
}

class KeptFilters : public testing::Test {
 protected:
  KeptFilters() { network_.initialize(1); }

  std::vector<float> answer(nn::Module& network) const { return train::infer(network, input_, {}).to_vector<float>(); }

  /// The answer of a network with these weights that has never inferred.
  std::vector<float> expected() {
    Network fresh;
    train::import_weights({.tensors = train::export_weights(network_), .metadata = {}}, "other", fresh);
    return answer(fresh);
  }

  /// Infers until filters are kept, lets `change` happen, and infers again.
  void expect_seen(const char* way, const std::function<void()>& change) {
    std::vector<float> before;
    for (int call = 0; call < 3; ++call) before = answer(network_);
    EXPECT_GT(nn::cpu::kept_filter_bytes(), 0U);
    change();
    const std::vector<float> after = expected();
    EXPECT_NE(after, before) << way;
    for (int call = 0; call < 3; ++call) EXPECT_EQ(answer(network_), after) << way << ", call " << call;
  }

  Tensor weight(const std::string& path) {
    for (const auto& [name, parameter] : network_.parameters()) {
      if (name == path) return parameter->value();
    }
    return {};
  }

  train::Batch batch() const {
    train::Batch batch{.input = input_,
                       .targets = Tensor::zeros(nn::matrix_shape(2, 6)),
                       .mask = Tensor::zeros(nn::matrix_shape(2, 6)),
                       .images = {0, 1}};
    nn::fill(1, batch.mask);
    return batch;
  }

  Network network_;
  Tensor input_ = random_input();
};

TEST_F(KeptFilters, SeeEveryChangeOfTheWeights) {
  for (const char* name : {"direct.weight", "large.weight", "small.weight", "classifier.weight"}) {
    const Tensor w = weight(name);
    expect_seen(name, [&] { w.data<float>()[w.elements() / 2] += 0.25F; });
    expect_seen(
        name, [&] { std::transform(w.data<float>(), w.data<float>() + w.elements(), w.data<float>(), std::negate()); });
    expect_seen(name, [&] { nn::fill(0.01, w); });
  }
  expect_seen("new values", [&] { network_.initialize(2); });
  expect_seen("a copy", [&] {
    Network other;
    other.initialize(3);
    for (std::size_t i = 0; i < other.parameters().size(); ++i) {
      nn::copy_into(other.parameters()[i].parameter->value(), network_.parameters()[i].parameter->value());
    }
  });
  expect_seen("a file", [&] {
    Network other;
    other.initialize(4);
    train::import_weights({.tensors = train::export_weights(other), .metadata = {}}, "other", network_);
  });
}

TEST_F(KeptFilters, SeeEveryStepOfTraining) {
  train::TrainStep step(network_, {}, train::challenge_weights, 1);
  for (int i = 0; i < 3; ++i) {
    expect_seen("a step", [&] { step.run(batch(), 1e-3, i); });
  }
}

TEST_F(KeptFilters, SeeTheirMemoryMove) {
  std::unique_ptr<train::TrainStep> step;
  expect_seen("flat buffers", [&] {
    step = std::make_unique<train::TrainStep>(network_, train::OptimizerOptions{}, train::challenge_weights, 1);
    step->run(batch(), 1e-3, 0);
  });
}

TEST_F(KeptFilters, SeeAnotherRunningStatistic) {
  expect_seen("a running mean", [&] { nn::fill(0.5, *network_.buffers().front().buffer); });
  expect_seen("a running variance", [&] { nn::fill(2.5, *network_.buffers().back().buffer); });
}

}  // namespace
