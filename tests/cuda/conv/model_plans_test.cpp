// Every convolution of every network has a plan, in training and prediction, in f32, f32 with TF32, and bf16, on an
// H200 and on an A100: precompiled engines within a bounded workspace. To see them:
//   build/tests/tests/test_cuda --gtest_filter='SlowModelPlans.*'
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "cuda/conv/conv_plan.h"
#include "cuda/kernels/staging.h"
#include "models/registry.h"
#include "tests/cuda/conv/recorded_convolutions.h"
#include "tests/cuda/described_devices.h"

namespace cuda {
namespace {

using nn::DType;
using test::RecordedConvolution;
using Pass = RecordedConvolution::Pass;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

struct Precision {
  const char* name;
  DType dtype;
  bool tensor_float32;
  /// No plan wants a larger workspace, whatever the device. (The largest that was seen with cuDNN 9.19 on an H200: 36
  /// MiB in bf16, 6.1 GiB with TF32, 11.9 GiB in f32.)
  std::size_t workspace_limit;
};

const Precision precisions[] = {{"bf16", DType::bf16, false, 64 * mebibyte},
                                {"TF32", DType::f32, true, 16384 * mebibyte},
                                {"f32", DType::f32, false, 16384 * mebibyte}};
constexpr std::int64_t batches[] = {32, 64, 256};

bool is_pointwise(const RecordedConvolution& convolution) {
  return convolution.w.h == 1 && convolution.w.w == 1 && convolution.geometry == nn::ConvGeometry{};
}

ConvPattern pattern_of(const RecordedConvolution& convolution) {
  if (convolution.pass == Pass::backward_data) return ConvPattern::backward_data;
  if (convolution.pass == Pass::backward_weights) return ConvPattern::backward_weights;
  if (convolution.bias || convolution.relu) {
    return convolution.relu ? ConvPattern::forward_bias_relu : ConvPattern::forward_bias;
  }
  return ConvPattern::forward;
}

/// What cuda/conv/conv.cpp asks of cuDNN.
ConvKey key_of(const RecordedConvolution& convolution, const Precision& precision, std::int64_t batch) {
  nn::Shape x = computed_image(convolution.x, precision.dtype);
  x.n = batch;
  const bool accumulates = convolution.pass == Pass::backward_data
                               ? convolution.dense && x.c == convolution.x.c
                               : convolution.pass == Pass::backward_weights && precision.dtype == DType::f32;
  return with_options({.pattern = pattern_of(convolution),
                       .dtype = precision.dtype,
                       .x = x,
                       .w = computed_weights(convolution.w, precision.dtype),
                       .geometry = convolution.geometry,
                       .beta = accumulates ? convolution.beta : 0},
                      {.tensor_float32 = precision.tensor_float32});
}

/// Each convolution once, with the first layer that asks for it: "vgg16 features.0".
std::vector<std::pair<RecordedConvolution, std::string>> all_convolutions() {
  std::vector<std::pair<RecordedConvolution, std::string>> found;
  for (const models::ModelEntry& model : models::all_models()) {
    for (const std::int64_t size : {std::int64_t{224}, std::int64_t{256}}) {
      for (const bool training : {true, false}) {
        for (RecordedConvolution convolution : test::convolutions_of(std::string(model.name), size, training)) {
          const std::string layer = std::string(model.name) + " " + std::exchange(convolution.layer, "");
          const auto same =
              std::find_if(found.begin(), found.end(), [&](const auto& entry) { return entry.first == convolution; });
          if (same == found.end()) found.emplace_back(convolution, layer);
        }
      }
    }
  }
  return found;
}

bool adds_bias(const ConvKey& key) {
  return key.pattern == ConvPattern::forward_bias || key.pattern == ConvPattern::forward_bias_relu;
}

/// Plans all of it, prints what was chosen, and checks the bounds.
void expect_plans(const std::string& description) {
  std::cout << description << "\ncuDNN " << cudnnGetVersion()
            << ": convolution, engine, workspace in KiB, the first layer that asks for it\n";
  const auto convolutions = all_convolutions();
  const std::size_t limit = conv_workspace_limit(test::memory_of(description));
  for (const Precision& precision : precisions) {
    ConvPlans plans(cudnn::Device::from_description(description), limit, {});
    std::size_t count = 0, largest = 0;
    for (const auto& [convolution, layer] : convolutions) {
      if (is_pointwise(convolution)) continue;  // a matrix product: cuda/gemm/gemm.h
      for (const std::int64_t batch : batches) {
        ConvKey key = key_of(convolution, precision, batch);
        if (plans.knows(key)) continue;
        if (adds_bias(key) && !plans.serves(key)) key.pattern = ConvPattern::forward;  // then a pass of our own
        ASSERT_NO_THROW(plans.get(key)) << layer << ": " << text(key);
        const ConvPlan& plan = plans.get(key);
        const std::size_t workspace = plan.plan.workspace_bytes();
        std::cout << "  " << text(key) << "  engine " << plan.engine << "  " << workspace / 1024 << "  " << layer
                  << "\n";
        EXPECT_LE(workspace, std::min(limit, precision.workspace_limit)) << layer << ": " << text(key);
        ++count;
        largest = std::max(largest, workspace);
      }
    }
    std::cout << precision.name << ": " << count << " plans, largest workspace " << largest / mebibyte << " MiB\n";
    EXPECT_GT(count, 120U);
  }
}

TEST(ConvWorkspace, IsAnEighthOfTheDevicesMemoryAndAtLeastOneGibibyte) {
  constexpr std::size_t gibibyte = 1024 * mebibyte;
  EXPECT_EQ(conv_workspace_limit(80 * gibibyte), 10 * gibibyte);
  EXPECT_EQ(conv_workspace_limit(4 * gibibyte), gibibyte);
  EXPECT_EQ(conv_workspace_limit(test::memory_of(test::h200)), 150121545728 / 8);
}

TEST(SlowModelPlans, AreThereOnADeviceWithLittleMemory) {  // the least workspace there is
  ConvPlans plans(cudnn::Device::from_description(test::a100), conv_workspace_limit(0), {});
  for (const auto& [convolution, layer] : all_convolutions()) {
    if (is_pointwise(convolution)) continue;
    ConvKey key = key_of(convolution, precisions[2], 256);
    if (adds_bias(key) && !plans.serves(key)) key.pattern = ConvPattern::forward;
    EXPECT_NO_THROW(plans.get(key)) << layer << ": " << text(key);
  }
}

TEST(SlowModelPlans, AreThereOnAnH200) { expect_plans(test::h200); }
TEST(SlowModelPlans, AreThereOnAnA100) { expect_plans(test::a100); }

/// Ways, compiled or not, to compute an f32 weight gradient from bf16 maps: written by the convolution, or by an
/// identity behind it.
std::size_t ways_to_f32_weight_gradients(const cudnn::Device& device, const nn::Shape& w, bool by_identity) {
  const nn::ConvGeometry same{.padding = nn::pad(w.h / 2)};
  cudnn::Graph graph;
  const cudnn::Operand x = graph.tensor(conv_x, {32, 56, 56, w.c}, DType::bf16),
                       dy = graph.tensor(conv_y, {32, 56, 56, w.n}, DType::bf16),
                       dw = graph.tensor(conv_w, w, DType::f32);
  if (by_identity) {
    const cudnn::Operand sums = graph.intermediate(w, DType::f32);
    graph.convolution_backward_weights(x, dy, sums, same);
    graph.pointwise(CUDNN_POINTWISE_IDENTITY, sums, dw);
  } else {
    graph.convolution_backward_weights(x, dy, dw, same);
  }
  graph.finish();
  std::size_t ways = 0;
  for (const auto heuristic : {cudnn::Heuristic::fast, cudnn::Heuristic::accurate, cudnn::Heuristic::fallback}) {
    ways += cudnn::candidates(graph, device, heuristic).size();
  }
  return ways;
}

// Why cuda/conv/conv.cpp rounds these gradients to bf16 once. Should it fail: write them in f32.
TEST(SlowModelPlans, AWeightGradientInF32FromBf16IsWhatCudnnLacks) {
  if (cudnnGetVersion() / 100 != 919) GTEST_SKIP() << "known of cuDNN 9.19, this is " << cudnnGetVersion();
  for (const std::string& description : {test::h200, test::a100}) {
    const auto device = cudnn::Device::from_description(description);
    for (const nn::Shape& w : {nn::Shape{64, 3, 3, 64}, {32, 3, 3, 128}, {64, 7, 7, 8}, {64, 1, 1, 64}}) {
      for (const bool by_identity : {false, true}) {
        EXPECT_EQ(ways_to_f32_weight_gradients(device, w, by_identity), 0U) << w << (by_identity ? " identity" : "");
      }
    }
  }
}

TEST(RecordedConvolutions, AreThoseOfTheNetwork) {
  const auto training = test::convolutions_of("densenet121", 64, true);
  const auto count = [&](Pass pass) {
    return std::count_if(training.begin(), training.end(), [&](const auto& c) { return c.pass == pass; });
  };
  EXPECT_EQ(count(Pass::forward), 120);  // 1 + 2 * 58 + 3
  EXPECT_EQ(count(Pass::backward_weights), 120);
  EXPECT_EQ(count(Pass::backward_data), 119);  // the pictures have no gradient
  EXPECT_EQ(std::count_if(training.begin(), training.end(), is_pointwise), 3 * 61);
  for (const RecordedConvolution& convolution : training) EXPECT_FALSE(convolution.layer.empty());

  const auto prediction = test::convolutions_of("vgg16", 64, false);
  ASSERT_EQ(prediction.size(), 13U);
  EXPECT_EQ(prediction[2], (RecordedConvolution{.x = {1, 32, 32, 64},
                                                .w = {128, 3, 3, 64},
                                                .geometry = {.padding = nn::pad(1)},
                                                .bias = true,
                                                .relu = true,
                                                .layer = "features.5"}));
}

}  // namespace
}  // namespace cuda
