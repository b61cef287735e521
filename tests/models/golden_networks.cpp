#include "tests/models/golden_networks.h"

#include <algorithm>

#include "models/densenet.h"
#include "models/registry.h"
#include "models/vgg.h"

namespace test {
namespace {

using nn::DType;

MakeNetwork registered(const char* name) {
  return [name] { return models::make_model(name, {.dropout = 0.0}); };
}

MakeNetwork thin_densenet() {
  return [] {
    return std::make_unique<models::DenseNet>(
        models::DenseNetConfiguration{.blocks = {2, 3, 2}, .stem = 8, .growth = 4},
        models::ModelOptions{.classes = 6, .dropout = 0.0});
  };
}

MakeNetwork thin_vgg(bool batch_norm) {
  return [batch_norm] {
    return std::make_unique<models::Vgg>(
        models::VggConfiguration{.stages = {{8, 8}, {12}, {16, 16}, {20}}, .batch_norm = batch_norm},
        models::ModelOptions{.classes = 6, .dropout = 0.0});
  };
}

// f32: three times the CPU's bounds, since another device sums in another order.
constexpr double gradient_in_single = 5e-5;
constexpr GoldenTolerance in_single{.logits = 1e-5, .losses = 2e-6, .parameters = 0, .evaluation = 6e-5};
// bf16: about three times what was measured where every kernel computes in f32 and rounds what it writes
// (tests/device/golden_test.cpp): logits 0.022, losses 0.0045, evaluation 0.073 at most.
constexpr GoldenTolerance in_bf16{.logits = 0.06, .losses = 0.015, .parameters = 0, .evaluation = 0.2};

}  // namespace

std::vector<GoldenNetwork> golden_networks() {
  // Measured gradients in bf16, the worst of each network: 0.034, 0.54, 0.71, 0.14, 0.29. Batch norm of a few pixels
  // subtracts most of what there is, and the rounding errors stay; of norm0.weight nothing is left (42 times its size).
  return {{.file = "cnn-2019", .make = registered("cnn-2019"), .bf16_gradient = 0.1},
          {.file = "cnn", .make = registered("cnn"), .bf16_gradient = 0.9},
          {.file = "thin-densenet",
           .make = thin_densenet(),
           .bf16_gradient = 2,
           .cancelling = {{"features.norm0.weight", {.f32 = 2e-3, .bf16 = 120}}}},
          {.file = "thin-vgg", .make = thin_vgg(false), .bf16_gradient = 0.3},
          {.file = "thin-vgg-bn", .make = thin_vgg(true), .bf16_gradient = 0.6}};
}

std::string test_name(const GoldenNetwork& network) {
  std::string name = network.file;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

void expect_golden_on_device(const GoldenNetwork& network, DType dtype) {
  const train::Compute compute{.device = nn::Device::cuda, .dtype = dtype};
  const bool bf16 = dtype == DType::bf16;
  std::map<std::string, double> cancelling;
  for (const auto& [path, bound] : network.cancelling) cancelling[path] = bf16 ? bound.bf16 : bound.f32;
  expect_gradients_as_pytorch(network.file, network.make, compute, bf16 ? network.bf16_gradient : gradient_in_single,
                              cancelling);
  expect_ten_steps_as_pytorch(network.file, network.make, compute, train::OptimizerKind::sgd,
                              bf16 ? in_bf16 : in_single);
}

}  // namespace test
