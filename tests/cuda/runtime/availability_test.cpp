// What a program says on machines that this one is not.
#include "cuda/runtime/availability.h"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include "nn/core/device_runtime.h"

namespace {

using cuda::Machine;
using cuda::why_unavailable;

Machine working_machine() {
  return {.status = cudaSuccess,
          .status_text = "",
          .driver = 13020,
          .toolkit = 13000,
          .devices = 1,
          .device_name = "NVIDIA H200",
          .compute_capability = 900,
          .oldest_architecture = 800,
          .cudnn_found = 91900,
          .cudnn_built_with = 91900};
}

TEST(CudaAvailability, SaysNothingOfAMachineThatWorks) { EXPECT_EQ(why_unavailable(working_machine()), ""); }

TEST(CudaAvailability, ANewerDriverAndANewerCudnnWork) {
  Machine machine = working_machine();
  machine.driver = 14000;
  machine.cudnn_found = 92000;
  machine.compute_capability = 1000;
  EXPECT_EQ(why_unavailable(machine), "");
}

TEST(CudaAvailability, NamesAMissingDriver) {
  Machine machine = working_machine();
  machine.status = cudaErrorInsufficientDriver;  // what the runtime answers without a driver, too
  machine.driver = 0;
  EXPECT_EQ(why_unavailable(machine), "no NVIDIA driver is installed");
}

TEST(CudaAvailability, NamesADriverThatIsTooOld) {
  Machine machine = working_machine();
  machine.status = cudaErrorInsufficientDriver;
  machine.driver = 12040;
  EXPECT_EQ(why_unavailable(machine), "the NVIDIA driver is too old: it supports CUDA 12.4, this program needs 13.0");
}

TEST(CudaAvailability, NamesAMachineWithoutAGpu) {
  Machine machine = working_machine();
  machine.status = cudaErrorNoDevice;
  EXPECT_EQ(why_unavailable(machine), "the NVIDIA driver finds no GPU");
  machine.status = cudaSuccess;
  machine.devices = 0;
  EXPECT_EQ(why_unavailable(machine), "the NVIDIA driver finds no GPU");
}

TEST(CudaAvailability, QuotesAnyOtherAnswerOfTheDriver) {
  Machine machine = working_machine();
  machine.status = cudaErrorSystemDriverMismatch;
  machine.status_text = cudaGetErrorString(cudaErrorSystemDriverMismatch);
  EXPECT_EQ(why_unavailable(machine), "the NVIDIA driver answers \"" + machine.status_text + "\"");
}

TEST(CudaAvailability, NamesAGpuThatIsTooOld) {
  Machine machine = working_machine();
  machine.device_name = "Tesla V100";
  machine.compute_capability = 700;
  EXPECT_EQ(why_unavailable(machine),
            "the Tesla V100 has compute capability 7.0, this program was built for 8.0 and later");
}

TEST(CudaAvailability, NamesACudnnThatIsTooOld) {
  Machine machine = working_machine();
  machine.cudnn_found = 90501;
  EXPECT_EQ(why_unavailable(machine),
            "cuDNN 9.5.1 is installed, this program was built with 9.19.0 and needs at least that");
}

TEST(CudaAvailability, TheRuntimeSaysTheSameOfThisMachineAgainAndAgain) {
  nn::DeviceRuntime* runtime = nn::runtime(nn::Device::cuda);
  ASSERT_NE(runtime, nullptr);  // entered when the program was loaded
  EXPECT_EQ(runtime->why_unavailable(), why_unavailable(cuda::this_machine()));
  EXPECT_EQ(runtime->why_unavailable(), runtime->why_unavailable());
  EXPECT_EQ(nn::has_device(nn::Device::cuda), runtime->why_unavailable().empty());
  EXPECT_GE(cuda::this_machine().oldest_architecture, 500);
}

}  // namespace
