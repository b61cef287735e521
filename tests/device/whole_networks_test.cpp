// How near whole networks on a device come to the CPU's, without a device: what tests/cuda/training_test.cpp asks of a
// GPU. f32 is computed by direct convolutions, which round otherwise than the CPU's usual ones, as another device does;
// bf16 by f32 kernels whose results are rounded. The bounds are about three times what is measured here.
#include "tests/models/whole_networks.h"

#include <gtest/gtest.h>

#include "nn/cpu/choice/conv_choice.h"
#include "tests/support/fake_device.h"

namespace {

using nn::Device;
using test::WholeNetwork;

class DeviceNetworks : public testing::TestWithParam<WholeNetwork> {
 protected:
  void SetUp() override { test::FakeDevice::install(); }
  ~DeviceNetworks() override { nn::cpu::set_conv_choice(choice_); }

  /// On the pretended device, which computes as another one would.
  auto elsewhere(const auto& work) const {
    if (GetParam().dtype == nn::DType::f32) nn::cpu::set_conv_choice("direct");
    const auto result = work(train::Compute{.device = Device::cuda, .dtype = GetParam().dtype});
    nn::cpu::set_conv_choice(choice_);
    return result;
  }

 private:
  std::string choice_ = nn::cpu::conv_choice();
};

TEST_P(DeviceNetworks, FirstStepIsTheCpusNearly) {
  const auto step = [](const train::Compute& compute) { return test::first_step(GetParam().model, compute); };
  test::expect_first_step_near(GetParam(), elsewhere(step), step({}));
}

TEST_P(DeviceNetworks, SlowTenStepsAreTheCpusNearly) {
  const auto training = [](const train::Compute& compute) { return test::train_ten_steps(GetParam().model, compute); };
  test::expect_ten_steps_near(GetParam(), elsewhere(training), training({}));
}

INSTANTIATE_TEST_SUITE_P(Whole, DeviceNetworks, testing::ValuesIn(test::whole_networks()),
                         [](const auto& network) { return test::test_name(network.param); });

}  // namespace
