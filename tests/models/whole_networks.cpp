#include "tests/models/whole_networks.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <limits>

#include "models/registry.h"
#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"
#include "tests/support/compare.h"
#include "train/train_step.h"
#include "train/weights.h"

namespace test {
namespace {

using nn::DType;
using nn::Tensor;

constexpr std::int64_t size = 64, images = 4;

train::Batch make_batch() {
  nn::Random random(7);
  train::Batch batch{.input = Tensor::empty({images, size, size, 3}),
                     .targets = Tensor::zeros(nn::matrix_shape(images, 6)),
                     .mask = Tensor::zeros(nn::matrix_shape(images, 6)),
                     .images = std::vector<std::size_t>(images)};
  nn::fill(1, batch.mask);
  for (std::int64_t i = 0; i < batch.input.elements(); ++i) batch.input.data<float>()[i] = random.uniform();
  for (std::int64_t i = 0; i < images; i += 2) batch.targets.row<float>(i)[0] = 1;
  return batch;
}

struct Sums {
  double difference = 0, expected = 0;  // of squares

  void add(const Sums& other) {
    difference += other.difference;
    expected += other.expected;
  }
  double error() const { return std::sqrt(difference / expected); }
};

Sums sums_of(const std::vector<double>& found, const std::vector<double>& expected) {
  Sums sums;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    sums.difference += (found[i] - expected[i]) * (found[i] - expected[i]);
    sums.expected += expected[i] * expected[i];
  }
  return sums;
}

}  // namespace

std::vector<WholeNetwork> whole_networks() {
  // About three times, in f32 of cnn twenty times, what tests/device/whole_networks_test.cpp measured, for another
  // device differs in every kernel:
  //                   first loss  all gradients  worst of one  ten losses
  //   cnn         f32     2.4e-6         4.5e-6        6.2e-6        8e-5
  //   cnn        bf16     7.7e-3           0.22          0.35       0.024
  //   DenseNet121 f32     3.8e-6         8.1e-3         0.032
  //   DenseNet121 bf16    8.5e-3           0.87           490   batch norm of 16 values, 121 times
  //   VGG16       f32     3.3e-7         3.5e-3        7.8e-3
  //   VGG16      bf16     1.5e-3          0.079          0.19
  constexpr double any = std::numeric_limits<double>::infinity();
  return {
      {.model = "cnn", .dtype = DType::f32, .loss = 1e-5, .gradient = 1e-4, .worst_tensor = 2e-4, .ten_losses = 1e-3},
      {.model = "cnn", .dtype = DType::bf16, .loss = 0.025, .gradient = 0.7, .worst_tensor = 1.1, .ten_losses = 0.075},
      {.model = "densenet121", .dtype = DType::f32, .loss = 1.5e-5, .gradient = 0.03, .worst_tensor = 0.1},
      {.model = "densenet121", .dtype = DType::bf16, .loss = 0.03, .gradient = any, .worst_tensor = any},
      {.model = "vgg16", .dtype = DType::f32, .loss = 1e-5, .gradient = 0.012, .worst_tensor = 0.025},
      {.model = "vgg16", .dtype = DType::bf16, .loss = 6e-3, .gradient = 0.25, .worst_tensor = 0.6}};
}

FirstStep first_step(const std::string& model, const train::Compute& compute) {
  const auto network = models::make_model(model, {.size = size});
  network->initialize(1);
  train::TrainStep step(*network, {.max_gradient_norm = 0}, train::challenge_weights, 1, compute);
  FirstStep result;
  result.loss = step.run(make_batch(), 1e-4, 0).loss;
  for (const auto& [path, parameter] : network->parameters()) {
    result.gradients.emplace_back(path, values_of(parameter->gradient()));
  }
  return result;
}

void expect_first_step_near(const WholeNetwork& network, const FirstStep& found, const FirstStep& expected) {
  EXPECT_LT(std::abs(found.loss - expected.loss), network.loss * expected.loss) << found.loss << ", " << expected.loss;
  ASSERT_EQ(found.gradients.size(), expected.gradients.size());
  Sums all;
  for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
    const auto& [path, values] = expected.gradients[i];
    ASSERT_EQ(found.gradients[i].second.size(), values.size()) << path;
    const Sums sums = sums_of(found.gradients[i].second, values);
    EXPECT_LT(sums.error(), network.worst_tensor) << path;
    all.add(sums);
  }
  EXPECT_LT(all.error(), network.gradient);
}

Training train_ten_steps(const std::string& model, const train::Compute& compute) {
  const auto network = models::make_model(model, {.size = size});
  network->initialize(1);
  train::TrainStep step(*network, {}, train::challenge_weights, 1, compute);
  Training result;
  const train::Batch batch = make_batch();
  for (int i = 0; i < 10; ++i) result.losses.push_back(step.run(batch, 1e-4, i).loss);
  result.weights = io::weight_hash({.tensors = train::export_weights(*network), .metadata = {}});
  return result;
}

void expect_ten_steps_near(const WholeNetwork& network, const Training& found, const Training& expected) {
  ASSERT_EQ(found.losses.size(), expected.losses.size());
  for (std::size_t i = 0; i < expected.losses.size(); ++i) {
    EXPECT_TRUE(std::isfinite(found.losses[i])) << "step " << i;
    EXPECT_LT(std::abs(found.losses[i] - expected.losses[i]), network.ten_losses * expected.losses[i])
        << "step " << i << ": " << found.losses[i] << ", on the CPU " << expected.losses[i];
  }
  EXPECT_LT(found.losses.back(), found.losses.front());
}

std::string test_name(const WholeNetwork& network) {
  std::string name = network.model == "cnn" ? "" : "Slow";
  name += static_cast<char>(std::toupper(network.model.front()));
  return name + network.model.substr(1) + (network.dtype == DType::bf16 ? "InBf16" : "InF32");
}

void PrintTo(const WholeNetwork& network, std::ostream* out) { *out << test_name(network); }

}  // namespace test
