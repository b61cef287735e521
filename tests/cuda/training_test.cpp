// Whole networks trained on a real GPU: beside the CPU, recorded beside eager, and twice. tests/device/ asks the same
// of a pretended device, and measures how near two ways to compute them come (whole_networks_test.cpp).
#include <gtest/gtest.h>

#include "tests/cuda/with_gpu.h"
#include "tests/models/whole_networks.h"

namespace {

using nn::Device;
using nn::DType;
using test::train_ten_steps;
using test::Training;

class CudaNetworks : public test::WithGpu, public testing::WithParamInterface<test::WholeNetwork> {
 protected:
  static train::Compute compute() { return {.device = Device::cuda, .dtype = GetParam().dtype}; }
};

TEST_P(CudaNetworks, FirstStepIsTheCpusNearly) {
  const std::string& model = GetParam().model;
  test::expect_first_step_near(GetParam(), test::first_step(model, compute()), test::first_step(model, {}));
}

TEST_P(CudaNetworks, TenStepsAreTheCpusNearly) {
  const std::string& model = GetParam().model;
  test::expect_ten_steps_near(GetParam(), train_ten_steps(model, compute()), train_ten_steps(model, {}));
}

INSTANTIATE_TEST_SUITE_P(Whole, CudaNetworks, testing::ValuesIn(test::whole_networks()),
                         [](const auto& network) { return test::test_name(network.param); });

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
