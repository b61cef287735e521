// Networks on the pretended device against PyTorch's golden values: what tests/cuda/golden_test.cpp asks of a GPU, and
// how near bf16 can come, since the pretended device computes in f32 and rounds what every kernel writes.
#include <gtest/gtest.h>

#include "tests/models/golden_networks.h"
#include "tests/support/fake_device.h"

namespace {

class DeviceGolden : public testing::TestWithParam<test::GoldenNetwork> {
 protected:
  void SetUp() override { test::FakeDevice::install(); }
};

TEST_P(DeviceGolden, IsPyTorchs) { test::expect_golden_on_device(GetParam(), nn::DType::f32); }
TEST_P(DeviceGolden, IsPyTorchsNearlyInBf16) { test::expect_golden_on_device(GetParam(), nn::DType::bf16); }

INSTANTIATE_TEST_SUITE_P(Networks, DeviceGolden, testing::ValuesIn(test::golden_networks()),
                         [](const auto& network) { return test::test_name(network.param); });

}  // namespace
