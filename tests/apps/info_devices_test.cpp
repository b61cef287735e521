// What the program itself says of its devices. It is asked, not the test program: objects that fill the kernel slots
// would be missing in a program that does not link them itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "nn/core/device_runtime.h"
#include "tests/apps/run_falx.h"

namespace {

using nlohmann::json;
using nn::Device;
using test::ProgramResult;
using test::run_falx;

json facts() { return json::parse(run_falx("info --json").out); }

TEST(FalxInfo, SaysInOneLineWhichGpuThereIsOrWhyThereIsNone) {
  const std::string text = facts()["cuda"].get<std::string>();
  nn::DeviceRuntime* runtime = nn::runtime(Device::cuda);
  if (runtime == nullptr) {
    EXPECT_EQ(text, "not available: this program was built without it");
  } else if (!runtime->why_unavailable().empty()) {
    EXPECT_EQ(text, "not available: " + runtime->why_unavailable());
  } else {
    EXPECT_EQ(text, runtime->description());
  }
  EXPECT_EQ(facts()["devices"].size(), nn::has_device(Device::cuda) ? 2U : 1U);
}

TEST(FalxInfo, ABuildWithCudaHasAGpuKernelForEverything) {
  if (nn::runtime(Device::cuda) == nullptr) GTEST_SKIP() << "this is a build without CUDA";
  EXPECT_THAT(facts()["kernels_missing_on_cuda"], testing::IsEmpty());
  EXPECT_EQ(facts()["kernels_on_cuda"].size(), facts()["kernel_slots"].get<std::size_t>());
}

TEST(FalxBench, RefusesAGpuThatIsNotThereInOneLine) {
  if (nn::has_device(Device::cuda)) GTEST_SKIP() << "this machine has a GPU";
  const ProgramResult result = run_falx("bench --model cnn --size 32 --device cuda");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_EQ(result.lines().size(), 0U);
  EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
  EXPECT_THAT(result.error, testing::HasSubstr("device cuda is not available: "));
}

}  // namespace
