// How plans are found, chosen and kept. No GPU: cuDNN plans for devices that are described to it.
#include "cuda/conv/conv_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cuda/kernels/staging.h"
#include "tests/cuda/described_devices.h"
#include "tests/support/error_of.h"

namespace cuda {
namespace {

using cudnn::Device;
using cudnn::Heuristic;
using nn::DType;
using testing::HasSubstr;

constexpr std::size_t gibibyte = std::size_t{1} << 30;

/// VGG's second convolution on 32 images.
ConvKey example(ConvPattern pattern = ConvPattern::forward, DType dtype = DType::bf16) {
  return {.pattern = pattern,
          .dtype = dtype,
          .x = {32, 56, 56, 64},
          .w = {64, 3, 3, 64},
          .geometry = {.padding = nn::pad(1)}};
}

Device described(const std::string& description) { return Device::from_description(description); }

std::filesystem::path fresh_folder(const std::string& name) {
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::remove_all(folder);
  return folder;
}

std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

TEST(ConvKey, DiffersInEveryField) {
  const ConvKey key = example();
  std::vector<ConvKey> others(9, key);
  others[0].pattern = ConvPattern::backward_data;
  others[1].dtype = DType::f32;
  others[2].x.n = 33;
  others[3].w.n = 65;
  others[4].geometry.stride_w = 2;
  others[5].geometry.padding.bottom = 0;
  others[6].beta = 1;
  others[7].deterministic = false;
  others[8].tensor_float32 = true;
  for (const ConvKey& other : others) {
    EXPECT_NE(other, key);
    EXPECT_NE(text(other), text(key));
    EXPECT_NE(ConvKeyHash()(other), ConvKeyHash()(key));
  }
  EXPECT_EQ(example(), key);
  EXPECT_EQ(ConvKeyHash()(example()), ConvKeyHash()(key));
  EXPECT_EQ(text(key),
            "forward bf16 x {32, 56, 56, 64} w {64, 3, 3, 64} stride 1 x 1 padding 1 1 1 1 beta 0 deterministic");
}

TEST(ConvFilter, KeepsSumsInOrderAndInputsAsTheyAre) {
  ConvKey bf16 = example(), f32 = example(ConvPattern::forward, DType::f32);
  EXPECT_TRUE(accepts(bf16, {}));
  EXPECT_TRUE(accepts(bf16, {.tensor_cores = true}));
  EXPECT_FALSE(accepts(bf16, {.rounds_sums = true}));
  EXPECT_FALSE(accepts(bf16, {.rounds_inputs = true}));
  EXPECT_FALSE(accepts(bf16, {.compiled_at_run_time = true}));
  EXPECT_FALSE(accepts(bf16, {.nondeterministic = true}));
  bf16.deterministic = false;
  EXPECT_TRUE(accepts(bf16, {.nondeterministic = true}));

  EXPECT_TRUE(accepts(f32, {}));
  EXPECT_FALSE(accepts(f32, {.tensor_cores = true}));
  EXPECT_FALSE(accepts(f32, {.rounds_inputs = true}));
  f32.tensor_float32 = true;
  EXPECT_TRUE(accepts(f32, {.tensor_cores = true}));
  EXPECT_FALSE(accepts(f32, {.nondeterministic = true, .tensor_cores = true}));
}

TEST(ConvPlans, TakeTheFirstEngineThatTheFiltersAccept) {
  const Device device = described(test::h200);
  const ConvKey key = example(ConvPattern::forward, DType::f32);
  const std::vector<cudnn::Candidate> accepted = conv_candidates(key, device, Heuristic::fast);
  ASSERT_FALSE(accepted.empty());
  EXPECT_TRUE(cudnn::candidates(conv_graph(key), device, Heuristic::fast).front().notes().tensor_cores);
  for (const cudnn::Candidate& candidate : accepted) {
    EXPECT_FALSE(candidate.notes().tensor_cores) << candidate.engine();
    EXPECT_FALSE(candidate.notes().nondeterministic) << candidate.engine();
  }
  ConvPlans plans(described(test::h200), gibibyte, {});
  EXPECT_FALSE(plans.knows(key));
  EXPECT_EQ(plans.get(key).engine, accepted.front().engine());
  EXPECT_TRUE(plans.knows(key));
  EXPECT_EQ(&plans.get(key), &plans.get(key));
}

TEST(ConvPlans, KnowWhatCannotBePlanned) {
  ConvPlans plans(described(test::h200), gibibyte, {});
  EXPECT_TRUE(plans.serves(example()));
  EXPECT_TRUE(plans.knows(example()));
  const ConvKey none = example(ConvPattern::forward, DType::f64);
  EXPECT_FALSE(plans.serves(none));
  EXPECT_FALSE(plans.serves(none)) << "remembered";
  EXPECT_FALSE(plans.knows(none));
}

TEST(ConvPlans, KeepWithinTheWorkspace) {
  const ConvKey key = example(ConvPattern::backward_data, DType::f32);
  ConvPlans generous(described(test::h200), gibibyte, {}), strict(described(test::h200), 1000, {});
  EXPECT_GT(generous.get(key).plan.workspace_bytes(), 1000U);
  EXPECT_LE(strict.get(key).plan.workspace_bytes(), 1000U);
  EXPECT_NE(generous.get(key).engine, strict.get(key).engine);
}

TEST(ConvPlans, DependOnTheDevice) {
  ConvPlans hopper(described(test::h200), gibibyte, {}), ampere(described(test::a100), gibibyte, {});
  EXPECT_NE(hopper.get(example()).plan.text(), ampere.get(example()).plan.text());
}

TEST(ConvPlans, TakeTheFastestThatRunsWhereTheyAreMeasured) {
  const ConvKey key = example();
  ConvPlans plans(described(test::h200), gibibyte, {});
  std::size_t calls = 0;
  std::string fastest;
  const MeasurePlan measure = [&](const cudnn::Plan& plan) {
    ++calls;
    if (calls == 2) throw nn::Error("does not run");
    if (calls == 3) fastest = plan.text();
    return calls == 3 ? 1.0 : 2.0;
  };
  EXPECT_FALSE(plans.get(key).measured);
  const ConvPlan& chosen = plans.get(key, measure);
  EXPECT_TRUE(chosen.measured);
  EXPECT_GT(calls, 30U);
  const std::size_t count = calls;
  EXPECT_EQ(chosen.plan.text(), fastest);
  EXPECT_EQ(plans.get(key, measure).plan.text(), fastest);
  EXPECT_EQ(calls, count) << "measured once";
}

/// What the suites over conv2d compute on a GPU: odd shapes, strides and paddings, one pixel.
TEST(ConvPlans, AreThereForOddShapesSlow) {
  const ConvKey shapes[] = {
      {.x = {2, 4, 5, 3}, .w = {6, 3, 3, 3}, .geometry = {.padding = nn::pad(1)}},
      {.x = {1, 9, 11, 3}, .w = {4, 7, 7, 3}, .geometry = {.stride_h = 2, .stride_w = 2, .padding = nn::pad(3)}},
      {.x = {1, 8, 7, 2}, .w = {3, 3, 2, 2}, .geometry = {.stride_h = 3, .stride_w = 2}},
      {.x = {2, 5, 7, 3}, .w = {4, 1, 1, 3}, .geometry = {.stride_h = 2, .stride_w = 3}},
      {.x = {2, 4, 5, 3}, .w = {4, 3, 2, 3}, .geometry = {.padding = {.top = 2, .left = 1, .bottom = 0, .right = 3}}},
      {.x = {2, 6, 6, 16}, .w = {8, 2, 2, 16}, .geometry = {.padding = nn::same_padding(6, 6, 2, 2, 1, 1)}},
      {.x = {3, 1, 1, 5}, .w = {4, 3, 3, 5}, .geometry = {.padding = nn::pad(1)}},
      {.x = {2, 4, 3, 17}, .w = {35, 2, 2, 17}, .geometry = {.padding = nn::pad(1)}}};
  for (const std::string& device : {test::h200, test::a100}) {
    ConvPlans plans(described(device), gibibyte, {});
    for (ConvKey key : shapes) {
      for (const DType dtype : {DType::f32, DType::bf16}) {
        key.dtype = dtype;
        key.x = computed_image(key.x, dtype);
        key.w = computed_weights(key.w, dtype);
        for (const ConvPattern pattern :
             {ConvPattern::forward, ConvPattern::forward_bias, ConvPattern::forward_bias_relu,
              ConvPattern::backward_data, ConvPattern::backward_weights}) {
          key.pattern = pattern;
          const bool gradient = pattern == ConvPattern::backward_data || pattern == ConvPattern::backward_weights;
          for (const float beta : {0.0F, 1.0F}) {
            key.beta = gradient ? beta : 0;
            const bool fused = pattern == ConvPattern::forward_bias || pattern == ConvPattern::forward_bias_relu;
            if (fused && cudnnGetVersion() / 100 != 919) continue;  // others may lack them: cuda/conv/convolve.cpp
            EXPECT_EQ(test::error_of([&] { plans.get(key); }), "");
          }
        }
      }
    }
  }
}

TEST(ConvPlans, SayWhichConvolutionCannotBeComputedAndWhy) {
  ConvKey key = example();
  key.dtype = DType::f64;
  ConvPlans plans(described(test::h200), gibibyte, {});
  EXPECT_THAT(test::error_of([&] { plans.get(key); }), HasSubstr("computes f32 and bf16, got f64"));
  const MeasurePlan never = [](const cudnn::Plan&) -> double { throw nn::Error("out of patience"); };
  EXPECT_THAT(test::error_of([&] { plans.get(example(), never); }),
              testing::AllOf(HasSubstr("[conv2d] cuDNN"), HasSubstr(text(example())), HasSubstr("out of patience")));
}

TEST(ConvPlans, AreReadFromDiskTheNextTime) {
  const std::filesystem::path folder = fresh_folder("falx-plans");
  const auto store = [&] { return PlanStore(folder, cudnnGetVersion(), described(test::h200).description()); };
  int calls = 0;
  const MeasurePlan measure = [&](const cudnn::Plan&) { return 10.0 - ++calls; };
  ConvPlans first(described(test::h200), gibibyte, store());
  const std::int64_t engine = first.get(example(), measure).engine;
  const int measured = calls;
  ASSERT_EQ(files_below(folder).size(), 1U);

  ConvPlans again(described(test::h200), gibibyte, store());
  EXPECT_TRUE(again.get(example()).measured);
  EXPECT_EQ(again.get(example()).engine, engine);
  again.get(example(), measure);
  EXPECT_EQ(calls, measured) << "not measured again";
}

TEST(ConvPlans, OverwriteAFileThatIsDamaged) {
  const std::filesystem::path folder = fresh_folder("falx-damaged-plans");
  const auto plan_text = [&] {
    ConvPlans plans(described(test::h200), gibibyte,
                    PlanStore(folder, cudnnGetVersion(), described(test::h200).description()));
    return plans.get(example()).plan.text();
  };
  const std::string plan = plan_text();
  const std::filesystem::path file = files_below(folder).at(0);
  const auto whole = std::filesystem::file_size(file);
  std::filesystem::resize_file(file, whole - 5);
  EXPECT_EQ(plan_text(), plan);
  EXPECT_EQ(std::filesystem::file_size(file), whole);
}

TEST(CudnnPlan, ServesAgainFromItsText) {
  const Device device = described(test::h200);
  for (const ConvPattern pattern : {ConvPattern::forward, ConvPattern::backward_weights}) {
    const ConvKey key = example(pattern);
    const cudnn::Plan plan(conv_candidates(key, device, Heuristic::fast).at(0), device);
    const cudnn::Plan again(plan.text(), device);
    EXPECT_EQ(again.workspace_bytes(), plan.workspace_bytes());
    EXPECT_EQ(again.text(), plan.text());
  }
  EXPECT_THAT(test::error_of([&] { cudnn::Plan("{}", device); }), HasSubstr("reading a plan"));
}

TEST(CudnnDevice, IsWhatItsDescriptionSays) {
  const std::string description = described(test::h200).description();
  EXPECT_THAT(description, HasSubstr("NVIDIA H200"));
  EXPECT_EQ(described(description).description(), description);
  EXPECT_THAT(test::error_of([] { described("no JSON"); }), HasSubstr("reading a device's description"));
}

}  // namespace
}  // namespace cuda
