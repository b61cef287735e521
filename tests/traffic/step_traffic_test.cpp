// What a step of each network moves on a GPU, counted call by call, and the least time that takes on an H200:
// arithmetic, no measurement. To see it:
//   build/tests/tests/test_traffic --gtest_filter='SlowStepTraffic.*'
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/traffic/recorded_step.h"

namespace {

using test::RecordedCall;
using test::RecordedStep;
using test::StepSettings;

/// What an H200 was measured to do: copying, and bf16 matrix products.
constexpr double bytes_a_second = 4.3e12, operations_a_second = 790e12;

/// Seconds that a call takes at least.
double floor_of(const RecordedCall& call) {
  return std::max(static_cast<double>(call.bytes()) / bytes_a_second,
                  static_cast<double>(call.operations) / operations_a_second);
}

struct Sum {
  int calls = 0;
  double bytes = 0, floor = 0;
};

void print(const StepSettings& settings, const RecordedStep& step) {
  std::map<std::string, Sum> sums;
  Sum all;
  for (const RecordedCall& call : step.calls) {
    for (Sum* sum : {&sums[call.kernel], &all}) {
      ++sum->calls;
      sum->bytes += static_cast<double>(call.bytes());
      sum->floor += floor_of(call);
    }
  }
  std::vector<std::pair<std::string, Sum>> sorted(sums.begin(), sums.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second.floor > b.second.floor; });
  std::printf("%s%s, %s, batch %lld at %lld: %d calls, %.1f GB, %.2f TFLOP, floor %.1f ms = %.0f images/s, %.1f GiB\n",
              settings.model.c_str(), settings.recompute ? "" : " that keeps its normalised maps",
              settings.training ? "training" : "inference", static_cast<long long>(settings.batch),
              static_cast<long long>(settings.size), all.calls, all.bytes / 1e9,
              static_cast<double>(step.operations()) / 1e12, 1e3 * all.floor,
              static_cast<double>(settings.batch) / all.floor, static_cast<double>(step.peak_bytes) / (1 << 30));
  for (const auto& [kernel, sum] : sorted) {
    if (sum.bytes < 1e6) continue;
    std::printf("  %-32s %5d calls %8.2f GB %8.2f ms\n", kernel.c_str(), sum.calls, sum.bytes / 1e9, 1e3 * sum.floor);
  }
}

RecordedStep recorded(const StepSettings& settings) {
  RecordedStep step = test::record_step(settings);
  print(settings, step);
  return step;
}

double gigabytes(const RecordedStep& step) { return static_cast<double>(step.bytes()) / 1e9; }
double gigabytes_of(const RecordedStep& step, const std::string& kernel) {
  double sum = 0;
  for (const RecordedCall& call : step.calls)
    sum += call.kernel == kernel ? static_cast<double>(call.bytes()) / 1e9 : 0;
  return sum;
}
double scratch_gigabytes(const RecordedStep& step) {
  double sum = 0;
  for (const RecordedCall& call : step.calls) sum += static_cast<double>(call.scratch) / 1e9;
  return sum;
}

/// Gigabytes of `channels` channels of a map, summed over the layers of DenseNet121's blocks: batch 256 at 224, bf16.
/// channels(c) is asked for a layer whose input has c channels.
template <class Channels>
double dense_layers(const Channels& channels) {
  struct Block {
    std::int64_t size, first, layers;
  };
  double sum = 0;
  for (const Block& block : {Block{56, 64, 6}, Block{28, 128, 12}, Block{14, 256, 24}, Block{7, 512, 16}}) {
    for (std::int64_t layer = 0; layer < block.layers; ++layer) {
      const std::int64_t c = block.first + 32 * layer, pixels = 256 * block.size * block.size;
      sum += static_cast<double>(2 * pixels * channels(c)) / 1e9;
    }
  }
  return sum;
}

/// Gigabytes of a step that were counted; other networks in other precisions have no expectations.
struct Expected {
  StepSettings settings;
  double gigabytes;
};
// DenseNet121's step would be 166.7 GB with a pass for each op and each concatenation, 126.6 with batch norm and ReLU
// in one pass, 60.4 with every pass in a product's prologue or epilogue.
const Expected expectations[] = {
    {{.model = "cnn"}, 12.6},
    {{.model = "cnn", .training = false}, 3.3},
    {{.model = "cnn-2019"}, 78.0},
    {{.model = "cnn-2019", .training = false}, 17.7},
    {{.model = "densenet121"}, 110.8},
    {{.model = "densenet121", .recompute = false}, 97.1},
    {{.model = "densenet121", .training = false}, 24.4},
    {{.model = "vgg16"}, 71.2},
    {{.model = "vgg16", .training = false}, 16.2},
};

TEST(SlowStepTraffic, IsWhatWasCounted) {
  for (const Expected& expected : expectations) {
    const RecordedStep step = recorded(expected.settings);
    EXPECT_NEAR(gigabytes(step), expected.gigabytes, 0.06) << expected.settings.model;
    EXPECT_LT(scratch_gigabytes(step), 0.006 * gigabytes(step)) << expected.settings.model;
  }
}

TEST(SlowStepTraffic, OfOtherBatchesGrowsWithTheBatch) {
  for (const char* model : {"cnn", "densenet121"}) {
    const RecordedStep small = recorded({.model = model, .batch = 32}),
                       medium = recorded({.model = model, .batch = 64});
    EXPECT_NEAR(gigabytes(medium) / gigabytes(small), 2, 0.1) << model;
  }
}

// A second count of the same, from the architecture: a layer of DenseNet reads its c channels once to normalise them,
// writes them packed, multiplies them to 128, already normalised, and its 32 new maps pass through scratch.
TEST(SlowStepTraffic, OfDenseNetsForwardPassIsThatOfItsLayers) {
  const RecordedStep step = recorded({.model = "densenet121", .training = false});
  const double c = dense_layers([](std::int64_t channels) { return channels; });
  const double bottleneck = dense_layers([](std::int64_t) { return 128; }), new_maps = bottleneck / 4;
  const double pictures = 2 * 256 * 224 * 224 / 1e9;
  // 3 channels of the pictures become 8.
  EXPECT_NEAR(gigabytes_of(step, "gather"), 2 * c + (3 + 8) * pictures, 0.01);
  EXPECT_NEAR(gigabytes_of(step, "scatter"), 2 * new_maps, 0.01);
  EXPECT_NEAR(gigabytes_of(step, "matrix product"), c + bottleneck + 0.3, 0.1) << "and three transitions";
}

}  // namespace
