// bench_network MODEL [infer|train [BATCH [SIZE [STEPS]]]]: where the time of a network goes on the CPU, kernel by
// kernel and shape by shape, beside the roofline: Williams et al., "Roofline", CACM 2009. A kernel can be no faster
// than
//   floor = max(multiply-adds of its algorithm / peak, bytes of its tensors, each moved once, / memory's speed)
// so "x floor" says how much there is to gain; below 1 its tensors stayed in the caches. Operations are those of the
// definition (GF/s), of which minimal filtering multiplies fewer. Times are medians over the steps.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/registry.h"
#include "nn/core/parallel.h"
#include "nn/core/philox.h"
#include "nn/cpu/target/simd_target.h"
#include "tests/benchmarks/fma_peak.h"
#include "tests/benchmarks/kernel_times.h"
#include "tests/benchmarks/memory_bandwidth.h"
#include "tests/benchmarks/whole_number.h"
#include "train/evaluation/metrics.h"
#include "train/inference.h"
#include "train/train_step.h"

namespace {

using bench::KernelTimes;

struct Settings {
  std::string model, what = "infer";
  std::int64_t batch = 8, size = 0;
  int steps = 5;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

train::Batch random_batch(const Settings& settings) {
  nn::Random random(1);
  train::Batch batch;
  batch.input = nn::Tensor::empty({settings.batch, settings.size, settings.size, 3});
  batch.targets = nn::Tensor::zeros(nn::matrix_shape(settings.batch, 6));
  batch.mask = nn::Tensor::empty(batch.targets.shape());
  std::generate_n(batch.input.data<float>(), batch.input.elements(), [&] { return random.uniform(); });
  std::fill_n(batch.mask.data<float>(), batch.mask.elements(), 1.0F);
  return batch;
}

/// Milliseconds of each step, after two that warm up; kernels tell `timer`.
std::vector<double> run_steps(const Settings& settings, bench::KernelTimer& timer, const std::function<void()>& step) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 2; ++i) step();
  std::vector<double> milliseconds;
  for (int i = 0; i < settings.steps; ++i) {
    timer.begin_step();
    const auto start = Clock::now();
    step();
    milliseconds.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  return milliseconds;
}

std::vector<double> run(const Settings& settings, bench::KernelTimer& timer) {
  const auto network = models::make_model(settings.model, {.size = settings.size});
  const train::Batch batch = random_batch(settings);
  if (settings.what == "train") {
    train::TrainStep step(*network, {}, train::challenge_weights, 0);
    std::int64_t count = 0;
    return run_steps(settings, timer, [&] { step.run(batch, 1e-4, count++); });
  }
  train::Inference inference(*network, {});
  return run_steps(settings, timer, [&] {
    inference.start(batch);
    inference.finish();
  });
}

double floor_milliseconds(const KernelTimes& times) {
  const double arithmetic = times.multiplied / (1e6 * bench::fma_peak() * nn::thread_count());
  return std::max(arithmetic, times.bytes / (1e6 * bench::memory_bandwidth()));
}

void print_line(const KernelTimes& times, double step) {
  const double time = median(times.milliseconds), floor = times.floor_milliseconds;
  std::printf("%-30s %-26s %5d %9.3f %5.1f %%", times.kernel.c_str(), times.shape.c_str(), times.calls, time,
              100 * time / step);
  if (times.operations > 0) {
    std::printf(" %8.0f", times.operations / (1e6 * time));
  } else {
    std::printf(" %8s", "");
  }
  std::printf(" %7.1f %9.3f %7.1f  %s\n", times.bytes / (1e6 * time), floor, time / floor, times.algorithm.c_str());
}

void sort_by_time(std::vector<KernelTimes>& list) {
  std::sort(list.begin(), list.end(),
            [](const KernelTimes& a, const KernelTimes& b) { return median(a.milliseconds) > median(b.milliseconds); });
}

/// A line for each kernel, whatever the shapes.
std::vector<KernelTimes> joined(const std::vector<KernelTimes>& list) {
  std::vector<KernelTimes> all;
  for (const KernelTimes& times : list) {
    const auto at =
        std::find_if(all.begin(), all.end(), [&](const auto& other) { return other.kernel == times.kernel; });
    KernelTimes& sum =
        at != all.end() ? *at : all.emplace_back(KernelTimes{.kernel = times.kernel, .shape = "all shapes"});
    sum.calls += times.calls;
    sum.operations += times.operations;
    sum.bytes += times.bytes;
    sum.floor_milliseconds += times.floor_milliseconds;
    sum.milliseconds.resize(times.milliseconds.size());
    for (std::size_t i = 0; i < times.milliseconds.size(); ++i) sum.milliseconds[i] += times.milliseconds[i];
  }
  return all;
}

/// By time, longest first: kernels, then each of their shapes; then all together, and what is no kernel's.
void print_tables(std::vector<KernelTimes> shapes, const std::vector<double>& steps) {
  for (KernelTimes& times : shapes) times.floor_milliseconds = floor_milliseconds(times);
  std::vector<KernelTimes> kernels = joined(shapes);
  const double step = median(steps);
  for (std::vector<KernelTimes>* list : {&kernels, &shapes}) {
    sort_by_time(*list);
    std::printf("\n%-30s %-26s %5s %9s %7s %8s %7s %9s %7s\n", "kernel", "shape", "calls", "ms", "share", "GF/s",
                "GB/s", "floor ms", "x floor");
    for (const KernelTimes& times : *list) print_line(times, step);
  }
  double time = 0, floors = 0;
  for (const KernelTimes& kernel : kernels) {
    time += median(kernel.milliseconds);
    floors += kernel.floor_milliseconds;
  }
  std::printf("\nall kernels %.2f ms (floors %.2f ms), the rest of the step %.2f ms, the step %.2f ms (fastest %.2f)\n",
              time, floors, step - time, step, *std::min_element(steps.begin(), steps.end()));
}

/// Nothing for a wrong command line. Throws nn::Error for a model that is not there.
std::optional<Settings> parse(int argc, char** argv) {
  if (argc < 2 || argc > 6 || argv[1][0] == '-') return {};
  Settings settings{.model = argv[1]};
  if (argc > 2) settings.what = argv[2];
  if (settings.what != "infer" && settings.what != "train") return {};
  const models::ModelEntry& model = models::find_model(settings.model);
  settings.size = model.size;
  const auto take = [&](int index, std::int64_t low, auto& value) {
    if (argc <= index) return true;
    const std::optional<int> number = bench::whole_number(argv[index], static_cast<int>(low), 4096);
    value = number.value_or(0);
    return number.has_value();
  };
  if (!take(3, 1, settings.batch) || !take(4, model.smallest_size, settings.size) || !take(5, 1, settings.steps)) {
    return {};
  }
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const bool help = argc == 2 && std::string_view(argv[1]) == "--help";
    const std::optional<Settings> parsed = parse(argc, argv);
    if (!parsed) {
      std::fprintf(help ? stdout : stderr, "usage: bench_network MODEL [infer|train [BATCH [SIZE [STEPS]]]]\n");
      return help ? 0 : 2;
    }
    const Settings& settings = *parsed;
    const std::string target = nn::cpu::simd_target();  // asked first: it tells the measurements what to use
    std::printf("%s, %s, batch %d, %d pixels, %d threads, %s: %.0f GF/s a thread, copies at %.0f GB/s\n",
                settings.model.c_str(), settings.what.c_str(), static_cast<int>(settings.batch),
                static_cast<int>(settings.size), nn::thread_count(), target.c_str(), bench::fma_peak(),
                bench::memory_bandwidth());
    for (const std::string& name : bench::KernelTimer::unknown_kernels()) {
      std::printf("%s is not timed (kernel_times.cpp)\n", name.c_str());
    }
    bench::KernelTimer timer;
    const std::vector<double> steps = run(settings, timer);
    print_tables(timer.times(), steps);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_network: %s\n", error.what());
    return 1;
  }
  return 0;
}
