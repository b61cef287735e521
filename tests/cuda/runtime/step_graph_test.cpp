#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/runtime/memory.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/fill.h"
#include "tests/cuda/with_gpu.h"
#include "tests/support/error_of.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Shape;
using nn::Tensor;
using testing::Each;

class CudaStepGraph : public test::WithGpu {
 protected:
  static Tensor ones(Shape shape) {
    const Tensor tensor = Tensor::empty(shape, DType::f32, Device::cuda);
    nn::fill(1.0, tensor);
    return tensor;
  }
};

TEST_F(CudaStepGraph, RecordsWithoutRunningAndRunsAsOftenAsAsked) {
  const Tensor one = ones({1, 5, 7, 3}), sum = Tensor::zeros({1, 5, 7, 3}, DType::f32, Device::cuda);
  const auto graph = gpu().make_step_graph();
  EXPECT_FALSE(graph->captured());
  graph->capture([&] { nn::accumulate(one, sum, 1.0F); });
  EXPECT_TRUE(graph->captured());
  EXPECT_THAT(values_of(sum), Each(0.0F));
  for (int i = 0; i < 3; ++i) graph->replay();
  EXPECT_THAT(values_of(sum), Each(3.0F));
}

TEST_F(CudaStepGraph, KeepsItsTensorsFromOthers) {
  const Shape shape{1, 1, 1, 1 << 20};
  const Tensor one = ones(shape), result = Tensor::zeros(shape, DType::f32, Device::cuda);
  const auto graph = gpu().make_step_graph();
  graph->capture([&] {
    const Tensor between = Tensor::empty(shape, DType::f32, Device::cuda);
    nn::add_forward(one, one, between);
    nn::add_forward(between, one, result);
  });
  std::vector<Tensor> others;
  for (int i = 0; i < 8; ++i) {
    others.push_back(Tensor::empty(shape, DType::f32, Device::cuda));
    nn::fill(7.0, others.back());
  }
  graph->replay();
  EXPECT_THAT(values_of(result), Each(3.0F));
  for (const Tensor& other : others) EXPECT_THAT(values_of(other), Each(7.0F));
}

TEST_F(CudaStepGraph, ReadsWhatLiesInDeviceMemoryNow) {
  const Tensor x = ones({1, 1, 1, 100}), y = ones({1, 1, 1, 100});
  const auto graph = gpu().make_step_graph();
  graph->capture([&] { nn::accumulate(x, y, 0.0F); });
  nn::fill(5.0, x);
  graph->replay();
  EXPECT_THAT(values_of(y), Each(5.0F));
}

TEST_F(CudaStepGraph, AnErrorWhileRecordingLeavesTheDeviceUsable) {
  const Tensor one = ones({1, 1, 1, 100}), sum = Tensor::zeros({1, 1, 1, 100}, DType::f32, Device::cuda);
  const auto graph = gpu().make_step_graph();
  const auto fails = [&] {
    nn::accumulate(one, sum, 1.0F);
    throw nn::Error("the step itself fails");
  };
  EXPECT_EQ(test::error_of([&] { graph->capture(fails); }), "the step itself fails");
  EXPECT_FALSE(graph->captured());
  EXPECT_THAT(test::error_of([&] { graph->replay(); }), testing::HasSubstr("nothing has been recorded"));
  EXPECT_THAT(values_of(sum), Each(0.0F));
  graph->capture([&] { nn::accumulate(one, sum, 1.0F); });
  graph->replay();
  EXPECT_THAT(values_of(sum), Each(1.0F));
}

TEST_F(CudaStepGraph, ReadingFromTheDeviceCannotBeRecorded) {
  const Tensor one = ones({1, 1, 1, 100});
  const auto graph = gpu().make_step_graph();
  EXPECT_THAT(test::error_of([&] { graph->capture([&] { values_of(one); }); }),
              testing::HasSubstr("cannot copy to or from ordinary host memory"));
  EXPECT_THAT(values_of(one), Each(1.0F));
}

TEST_F(CudaStepGraph, MayBeRecordedAnewAndGivesItsMemoryBack) {
  const Shape shape{1, 1, 1, 1 << 24};
  const Tensor one = ones(shape), result = ones(shape);
  cuda::device_memory().release_unused();
  const std::size_t before = cuda::device_memory().use().reserved;
  {
    const auto graph = gpu().make_step_graph();
    for (const float beta : {0.0F, 1.0F}) {
      graph->capture([&] {
        const Tensor between = Tensor::empty(shape, DType::f32, Device::cuda);
        nn::add_forward(one, one, between);
        nn::accumulate(between, result, beta);
      });
      graph->replay();
    }
    EXPECT_THAT(values_of(result), Each(4.0F));
    EXPECT_GE(cuda::device_memory().use().reserved, before + (std::size_t{1} << 26U));
  }
  EXPECT_EQ(cuda::device_memory().use().reserved, before);
}

}  // namespace
