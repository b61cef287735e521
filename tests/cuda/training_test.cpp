// Whole networks trained on a real GPU: beside the CPU, recorded beside eager, and twice. tests/device/ asks the same
// of the steps themselves on a pretended device.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "models/registry.h"
#include "nn/kernels/fill.h"
#include "nn/layers/init.h"
#include "tests/cuda/with_gpu.h"
#include "train/train_step.h"
#include "train/weights.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Tensor;

constexpr std::int64_t size = 64, images = 4;

train::Batch make_batch(std::uint64_t seed) {
  nn::Random random(seed);
  train::Batch batch{.input = Tensor::empty({images, size, size, 3}),
                     .targets = Tensor::zeros(nn::matrix_shape(images, 6)),
                     .mask = Tensor::zeros(nn::matrix_shape(images, 6)),
                     .images = std::vector<std::size_t>(images)};
  nn::fill(1, batch.mask);
  for (std::int64_t i = 0; i < batch.input.elements(); ++i) batch.input.data<float>()[i] = random.uniform();
  for (std::int64_t i = 0; i < images; i += 2) batch.targets.row<float>(i)[0] = 1;
  return batch;
}

struct Training {
  std::vector<double> losses;
  std::string weights;  // their hash

  bool operator==(const Training&) const = default;
};

/// Ten steps on one batch, so that the loss falls.
Training train_ten_steps(const std::string& model, const train::Compute& compute) {
  const auto network = models::make_model(model, {.size = size});
  network->initialize(1);
  train::TrainStep step(*network, {}, train::challenge_weights, 1, compute);
  Training result;
  const train::Batch batch = make_batch(7);
  for (int i = 0; i < 10; ++i) result.losses.push_back(step.run(batch, 1e-4, i).loss);
  result.weights = io::weight_hash({.tensors = train::export_weights(*network), .metadata = {}});
  return result;
}

class CudaNetworks : public test::WithGpu {
 protected:
  /// Losses beside the CPU's, relative. The bounds are estimates until a GPU has been measured: rounding of one step is
  /// carried into the next by the update.
  static void expect_losses_near(const std::string& model, DType dtype, double bound) {
    const Training expected = train_ten_steps(model, {}),
                   found = train_ten_steps(model, {.device = Device::cuda, .dtype = dtype});
    for (std::size_t i = 0; i < expected.losses.size(); ++i) {
      EXPECT_LT(std::abs(found.losses[i] - expected.losses[i]), bound * expected.losses[i])
          << model << ", step " << i << ": " << found.losses[i] << " on the GPU, " << expected.losses[i];
    }
    EXPECT_LT(found.losses.back(), found.losses.front());
  }
};

TEST_F(CudaNetworks, TenStepsOfCnnAreTheCpus) { expect_losses_near("cnn", DType::f32, 1e-3); }
TEST_F(CudaNetworks, TenStepsOfDenseNet121AreTheCpus) { expect_losses_near("densenet121", DType::f32, 1e-3); }
TEST_F(CudaNetworks, SlowTenStepsOfVgg16AreTheCpus) { expect_losses_near("vgg16", DType::f32, 1e-3); }
TEST_F(CudaNetworks, TenStepsOfCnnInBf16AreTheCpusNearly) { expect_losses_near("cnn", DType::bf16, 0.05); }
TEST_F(CudaNetworks, TenStepsOfDenseNet121InBf16AreTheCpusNearly) {
  expect_losses_near("densenet121", DType::bf16, 0.05);
}

class CudaTraining : public test::WithGpu {};

TEST_F(CudaTraining, RecordedHasTheBitsOfEager) {
  for (const char* model : {"cnn", "densenet121", "vgg16"}) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const Training eager = train_ten_steps(model, {.device = Device::cuda, .dtype = dtype, .graph = false});
      const Training recorded = train_ten_steps(model, {.device = Device::cuda, .dtype = dtype});
      EXPECT_EQ(recorded, eager) << model << " " << dtype;
    }
  }
}

TEST_F(CudaTraining, HasTheSameBitsTwice) {
  for (const char* model : {"cnn", "densenet121", "vgg16"}) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const Training first = train_ten_steps(model, {.device = Device::cuda, .dtype = dtype});
      EXPECT_EQ(train_ten_steps(model, {.device = Device::cuda, .dtype = dtype}), first) << model << " " << dtype;
    }
  }
}

}  // namespace
