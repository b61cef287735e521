// The device that the other tests of this program stand on.
#include "tests/support/fake_device.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/core/kernel.h"
#include "nn/kernels/activation.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/fill.h"
#include "nn/kernels/linear.h"
#include "nn/tensor/copy.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Tensor;

class FakeDeviceTest : public testing::Test {
 protected:
  static Tensor on_device(std::initializer_list<float> values) {
    const auto shape = nn::vector_shape(static_cast<std::int64_t>(values.size()));
    return nn::to_device(Tensor::from<float>(shape, values), Device::cuda);
  }
  static std::vector<float> values_of(const Tensor& tensor) {
    return nn::to_device(tensor, Device::cpu).to_vector<float>();
  }
  test::FakeDevice& device_ = test::FakeDevice::install();
};

TEST_F(FakeDeviceTest, FillsEverySlot) {
  for (const nn::KernelSlot& slot : nn::kernel_slots()) {
    EXPECT_TRUE(slot.filled[static_cast<int>(Device::cuda)]) << slot.name;
  }
}

TEST_F(FakeDeviceTest, RunsTheCpusKernelsOnItsOwnMemory) {
  const Tensor x = on_device({-1, 2, -3});
  const Tensor y = Tensor::empty(x.shape(), DType::f32, Device::cuda);
  EXPECT_TRUE(std::isnan(values_of(y)[0])) << "fresh memory";
  nn::relu_forward(x, y);
  EXPECT_EQ(values_of(y), (std::vector<float>{0, 2, 0}));
}

TEST_F(FakeDeviceTest, RecordsAStepWithoutRunningItAndReplaysItsKernelsAlone) {
  const Tensor x = on_device({1, 2}), sum = on_device({0, 0});
  const auto graph = nn::require_runtime(Device::cuda).make_step_graph();
  int host_code = 0;
  graph->capture([&] {
    ++host_code;
    const Tensor twice = Tensor::empty(x.shape(), DType::f32, Device::cuda);  // gone when the host's code is done
    nn::add_forward(x, x, twice);
    nn::accumulate(twice, sum, 1);
  });
  EXPECT_EQ(values_of(sum), (std::vector<float>{0, 0}));
  graph->replay();
  nn::fill(5, x);
  graph->replay();
  EXPECT_EQ(values_of(sum), (std::vector<float>{12, 14}));
  EXPECT_EQ(host_code, 1);
}

TEST_F(FakeDeviceTest, ARecordedStepMayNeitherWaitNorTouchTheHost) {
  const Tensor x = on_device({1, 2});
  const auto capture = [](const std::function<void()>& step) {
    nn::require_runtime(Device::cuda).make_step_graph()->capture(step);
  };
  EXPECT_THROW(capture([&] { values_of(x); }), nn::Error);
  EXPECT_THROW(capture([&] { nn::copy_into(Tensor::zeros(x.shape()), x); }), nn::Error);
  EXPECT_THROW(capture([] { nn::synchronize(Device::cuda); }), nn::Error);
  EXPECT_FALSE(device_.recording());
}

TEST_F(FakeDeviceTest, ADownloadHappensInWait) {
  const Tensor x = on_device({1, 2}), host = Tensor::pinned(x.shape());
  nn::copy_into(Tensor::zeros(x.shape()), host);
  const auto transfer = nn::require_runtime(Device::cuda).make_transfer();
  transfer->download(nn::row_copy(x, host));
  EXPECT_EQ(host.to_vector<float>(), (std::vector<float>{0, 0}));
  transfer->wait();
  EXPECT_EQ(host.to_vector<float>(), (std::vector<float>{1, 2}));
}

TEST_F(FakeDeviceTest, RefusesTypesThatAreAgainstTheContract) {
  const Tensor x = Tensor::zeros(nn::matrix_shape(2, 3), DType::bf16, Device::cuda),
               dy = Tensor::zeros(nn::matrix_shape(2, 4), DType::bf16, Device::cuda);
  EXPECT_NO_THROW(
      nn::linear_backward_weights(x, dy, Tensor::zeros(nn::matrix_shape(4, 3), DType::f32, Device::cuda), 0));
  EXPECT_THROW(nn::linear_backward_weights(x, dy, Tensor::zeros(nn::matrix_shape(4, 3), DType::bf16, Device::cuda), 0),
               nn::Error);
  EXPECT_THROW(nn::add_forward(x, x, Tensor::zeros(x.shape(), DType::f32, Device::cuda)), nn::Error);
}

}  // namespace
