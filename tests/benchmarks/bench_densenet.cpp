// bench_densenet [BATCH [SIZE [ROUNDS]]]: memory and time of a training step of densenet121, as models/densenet.h runs
// it and as the textbook does (tests/models/textbook_densenet.h). The ways take turns, so that whoever else uses the
// machine disturbs all alike. A step is forward, loss, backward and AdamW's update; times are medians, by the clock and
// of all threads' processor time, which others disturb less.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "models/registry.h"
#include "nn/core/allocator.h"
#include "nn/core/parallel.h"
#include "nn/core/philox.h"
#include "tests/benchmarks/whole_number.h"
#include "tests/models/textbook_densenet.h"
#include "train/evaluation/metrics.h"
#include "train/train_step.h"

namespace {

struct Way {
  const char* name;
  std::function<std::unique_ptr<nn::Module>()> make;
  std::vector<double> milliseconds{}, processor_milliseconds{};
  std::size_t peak_bytes = 0;
};

template <class Network>
std::unique_ptr<nn::Module> make(bool recompute) {
  auto network =
      std::make_unique<Network>(models::DenseNetConfiguration{},
                                models::ModelOptions{.classes = 6, .dropout = 0.2, .recompute_batch_norm = recompute});
  network->initialize(1);
  return network;
}

train::Batch random_batch(std::int64_t images, std::int64_t size) {
  nn::Random random(1);
  train::Batch batch;
  batch.input = nn::Tensor::empty({images, size, size, 3});
  batch.targets = nn::Tensor::zeros(nn::matrix_shape(images, 6));
  batch.mask = nn::Tensor::empty(batch.targets.shape());
  std::generate_n(batch.input.data<float>(), batch.input.elements(), [&] { return random.uniform(); });
  std::fill_n(batch.mask.data<float>(), batch.mask.elements(), 1.0F);
  return batch;
}

/// One step after a step that warms up.
void measure(Way& way, const train::Batch& batch) {
  using Clock = std::chrono::steady_clock;
  const auto network = way.make();
  train::TrainStep step(*network, {}, train::challenge_weights, 0);
  step.run(batch, 1e-4, 0);
  nn::reset_peak_memory(nn::Device::cpu);
  const auto start = Clock::now();
  const std::clock_t processor_start = std::clock();
  step.run(batch, 1e-4, 1);
  way.milliseconds.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  way.processor_milliseconds.push_back(1e3 * static_cast<double>(std::clock() - processor_start) / CLOCKS_PER_SEC);
  way.peak_bytes = nn::memory_use(nn::Device::cpu).peak;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

void print_with_share(double value, double of) { std::printf("%13.0f %4.0f%%", value, 100 * value / of); }

struct Settings {
  int images = 8, size = 224, rounds = 5;
};

/// Nothing for a wrong command line.
std::optional<Settings> parse(int argc, char** argv) {
  Settings settings;
  const int smallest = static_cast<int>(models::find_model("densenet121").smallest_size);
  struct Argument {
    int* value;
    int low, high;
  };
  const Argument arguments[] = {
      {&settings.images, 1, 4096}, {&settings.size, smallest, 4096}, {&settings.rounds, 1, 1000}};
  if (argc > 4) return {};
  for (int i = 1; i < argc; ++i) {
    const auto& [value, low, high] = arguments[i - 1];
    const std::optional<int> number = bench::whole_number(argv[i], low, high);
    if (!number) return {};
    *value = *number;
  }
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  const bool help = argc == 2 && std::string_view(argv[1]) == "--help";
  const std::optional<Settings> settings = parse(argc, argv);
  if (!settings) {
    std::fprintf(help ? stdout : stderr,
                 "usage: bench_densenet [BATCH [SIZE [ROUNDS]]]: a batch from 1, pixels from 32, rounds from 1 "
                 "(default: 8 224 5)\n");
    return help ? 0 : 2;
  }
  const auto [images, size, rounds] = *settings;
  const train::Batch batch = random_batch(images, size);
  std::vector<Way> ways{{.name = "textbook", .make = [] { return make<test::TextbookDenseNet>(false); }},
                        {.name = "dense block", .make = [] { return make<models::DenseNet>(false); }},
                        {.name = "dense block, recomputing", .make = [] { return make<models::DenseNet>(true); }}};
  for (int round = 0; round < rounds; ++round) {
    for (Way& way : ways) measure(way, batch);
  }
  std::printf("densenet121, batch %d, %d pixels, %d threads, %d rounds\n", images, size, nn::thread_count(), rounds);
  std::printf("%-26s%19s%19s%19s\n", "", "peak MiB", "ms", "processor ms");
  const auto peak = [](const Way& way) { return static_cast<double>(way.peak_bytes) / (1U << 20U); };
  for (const Way& way : ways) {
    std::printf("%-26s", way.name);
    print_with_share(peak(way), peak(ways[0]));
    print_with_share(median(way.milliseconds), median(ways[0].milliseconds));
    print_with_share(median(way.processor_milliseconds), median(ways[0].processor_milliseconds));
    std::printf("\n");
  }
  return 0;
}
