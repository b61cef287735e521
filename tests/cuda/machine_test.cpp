// The GPU at hand: what cuDNN knows of it, what it reaches, and whether the plans that were made without one are the
// ones it gets. Prints one line each, for tests/gpu.sh:
//   description {...}         for tests/cuda/described_devices.h
//   ceiling copy 4.3 TB/s     and of a kernel of ours, and of matrix products
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cuda/conv/conv_plan.h"
#include "cuda/gemm/gemm.h"
#include "cuda/runtime/context.h"
#include "cuda/runtime/stopwatch.h"
#include "nn/kernels/activation.h"
#include "nn/kernels/fill.h"
#include "tests/cuda/described_devices.h"
#include "tests/cuda/with_gpu.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Tensor;

class CudaMachine : public test::WithGpu {
 protected:
  static cuda::cudnn::Device device() {
    int number = 0;
    CUDA_CHECK(cudaGetDevice(&number));
    return cuda::cudnn::Device::of_machine(number);
  }
  template <class Work>
  static double seconds(const Work& work) {
    return cuda::Stopwatch(cuda::context().stream()).milliseconds(work) / 1e3;
  }
  static void print_ceiling(const std::string& what, double number, const char* unit) {
    std::cout << "ceiling " << what << ' ' << number << ' ' << unit << std::endl;
    EXPECT_GT(number, 0) << what;
  }
};

TEST_F(CudaMachine, IsDescribed) {
  const nlohmann::json description = nlohmann::json::parse(device().description());
  std::cout << "description " << description.dump() << std::endl;
  std::cout << "cuDNN " << cudnnGetVersion() << std::endl;
  const nlohmann::json ours = nlohmann::json::parse(test::h200);
  if (description.value("deviceName", "") != ours["deviceName"]) return;
  for (const char* name : {"smVersion", "multiProcessorCount", "maxSharedMemoryPerBlockOptin", "l2CacheSize"}) {
    EXPECT_EQ(description[name], ours[name]) << name;
  }
}

TEST_F(CudaMachine, GetsThePlansThatWereMadeWithoutIt) {
  const nlohmann::json description = nlohmann::json::parse(device().description());
  const bool is_h200 = description.value("deviceName", "") == nlohmann::json::parse(test::h200)["deviceName"];
  cuda::ConvPlans here(device(), cuda::conv_workspace_limit(cuda::context().properties().totalGlobalMem), {});
  cuda::ConvPlans described(cuda::cudnn::Device::from_description(test::h200),
                            cuda::conv_workspace_limit(test::memory_of(test::h200)), {});
  int equal = 0, all = 0;
  using Pattern = cuda::ConvPattern;
  for (const Pattern pattern : {Pattern::forward, Pattern::backward_data, Pattern::backward_weights}) {
    for (const DType dtype : {DType::bf16, DType::f32}) {
      for (const std::int64_t c : {32, 64, 128, 256}) {
        const cuda::ConvKey key = cuda::with_options({.pattern = pattern,
                                                      .dtype = dtype,
                                                      .x = {64, 28, 28, c},
                                                      .w = {c, 3, 3, c},
                                                      .geometry = {.padding = nn::pad(1)}},
                                                     {});
        const std::int64_t engine = here.get(key).engine, expected = described.get(key).engine;
        equal += engine == expected ? 1 : 0;
        ++all;
        if (engine != expected) {
          std::cout << "plan " << text(key) << ": engine " << engine << ", described " << expected << std::endl;
        }
      }
    }
  }
  std::cout << "plans " << equal << " of " << all << " as described" << std::endl;
  if (is_h200) {
    EXPECT_EQ(equal, all);
  }
}

TEST_F(CudaMachine, HasCeilings) {
  const std::int64_t elements = std::int64_t{1} << 30;  // 2 GiB: far more than any cache
  const Tensor x = Tensor::zeros({1, 1, 1, elements}, DType::bf16, Device::cuda),
               y = Tensor::zeros(x.shape(), DType::bf16, Device::cuda);
  const auto bytes = static_cast<double>(4 * elements);
  const double copy = seconds([&] {
    CUDA_CHECK(cudaMemcpyAsync(y.raw(), x.raw(), 2 * elements, cudaMemcpyDeviceToDevice, cuda::context().stream()));
  });
  print_ceiling("copy", bytes / copy / 1e12, "TB/s");
  print_ceiling("relu_forward", bytes / seconds([&] { nn::relu_forward(x, y); }) / 1e12, "TB/s");

  const std::int64_t n = 8192;
  const auto square = [&](DType dtype) {
    Tensor matrix = Tensor::empty(nn::matrix_shape(n, n), dtype, Device::cuda);
    nn::fill(0.37, matrix);  // zeros would draw less power, and be faster
    return matrix;
  };
  for (const DType dtype : {DType::bf16, DType::f32}) {
    const Tensor a = square(dtype), b = square(dtype), c = square(dtype);
    const double time = seconds([&] { cuda::multiply(cuda::forward_product(a, b, {}, false, 0, c)); });
    print_ceiling(dtype == DType::bf16 ? "bf16-product" : "f32-product", 2.0 * n * n * n / time / 1e12, "TFLOP/s");
  }
}

}  // namespace
