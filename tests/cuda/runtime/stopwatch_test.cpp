// What a stopwatch counts: on a GPU, that the host's time is no part of it; without one, how often it repeats what.
#include "cuda/runtime/stopwatch.h"

#include <gtest/gtest.h>

#include <thread>

#include "cuda/runtime/context.h"
#include "nn/kernels/fill.h"
#include "tests/cuda/with_gpu.h"

namespace {

using namespace std::chrono_literals;

TEST(StopwatchRepetitions, MakeShortWorkLong) {
  EXPECT_EQ(cuda::repetitions_for(0), 64);
  EXPECT_EQ(cuda::repetitions_for(0.005F), 64);
  EXPECT_EQ(cuda::repetitions_for(0.1F), 10);
  EXPECT_EQ(cuda::repetitions_for(0.6F), 1);
  EXPECT_EQ(cuda::repetitions_for(80), 1);
}

TEST(Gate, HoldsUntilItIsOpened) {
  cuda::Gate gate(1h);
  bool opened = false;
  std::thread waiting([&] { opened = gate.wait(); });
  gate.open();
  waiting.join();
  EXPECT_TRUE(opened);
  EXPECT_TRUE(gate.wait()) << "it stays open";
}

TEST(Gate, LetsGoAfterAWhile) {
  cuda::Gate gate(1ms);
  EXPECT_FALSE(gate.wait());
}

class CudaStopwatch : public test::WithGpu {};

TEST_F(CudaStopwatch, DoesNotCountTheHostsTime) {
  const nn::Tensor small = nn::Tensor::zeros({1, 1, 1, 1024}, nn::DType::f32, nn::Device::cuda);
  cuda::Stopwatch stopwatch(cuda::context().stream());
  const float alone = stopwatch.milliseconds([&] { nn::fill(1, small); });
  const float with_host = stopwatch.milliseconds([&] {
    std::this_thread::sleep_for(200us);
    nn::fill(1, small);
  });
  EXPECT_LT(alone, 0.05F);
  EXPECT_LT(with_host, 0.1F) << "200 us of the host's beside it";
}

}  // namespace
