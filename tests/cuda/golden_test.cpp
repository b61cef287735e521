// Networks on a real GPU against PyTorch's golden values. tests/device/ asks the same of a pretended device.
#include "tests/cuda/with_gpu.h"
#include "tests/models/golden_networks.h"

namespace {

class CudaGolden : public test::WithGpu, public testing::WithParamInterface<test::GoldenNetwork> {};

TEST_P(CudaGolden, IsPyTorchs) { test::expect_golden_on_device(GetParam(), nn::DType::f32); }
TEST_P(CudaGolden, IsPyTorchsNearlyInBf16) { test::expect_golden_on_device(GetParam(), nn::DType::bf16); }

INSTANTIATE_TEST_SUITE_P(Networks, CudaGolden, testing::ValuesIn(test::golden_networks()),
                         [](const auto& network) { return test::test_name(network.param); });

}  // namespace
