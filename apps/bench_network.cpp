#include <algorithm>
#include <chrono>
#include <functional>

#include "apps/bench.h"
#include "io/labels.h"
#include "models/registry.h"
#include "nn/core/philox.h"
#include "train/evaluation/metrics.h"
#include "train/train_step.h"

namespace apps {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// The first repetitions allocate memory and warm up caches and clocks; they do not count.
constexpr int warm_ups = 2;
constexpr std::size_t fewest_repetitions = 3;

std::vector<double> repeat(double seconds, const std::function<void()>& work) {
  for (int i = 0; i < warm_ups; ++i) work();
  std::vector<double> times;
  const Clock::time_point begin = Clock::now();
  while (times.size() < fewest_repetitions || milliseconds_since(begin) < 1000 * seconds) {
    const Clock::time_point start = Clock::now();
    work();
    times.push_back(milliseconds_since(start));
  }
  return times;
}

constexpr std::int64_t channels = 3;

std::unique_ptr<nn::Module> make_network(const BenchSettings& settings) {
  return models::make_model(settings.model, {.channels = channels, .size = settings.size});
}

/// Noise as input, labels as rare as bleeds.
train::Batch random_batch(const BenchSettings& settings) {
  nn::Random random(1);
  train::Batch batch;
  batch.input = nn::Tensor::empty({settings.batch, settings.size, settings.size, channels});
  batch.targets = nn::Tensor::empty(nn::matrix_shape(settings.batch, io::label_count));
  batch.mask = nn::Tensor::empty(batch.targets.shape());
  std::generate_n(batch.input.data<float>(), batch.input.elements(), [&] { return random.uniform(); });
  std::generate_n(batch.targets.data<float>(), batch.targets.elements(),
                  [&] { return random.uniform() < 0.1F ? 1.0F : 0.0F; });
  std::fill_n(batch.mask.data<float>(), batch.mask.elements(), 1.0F);
  return batch;
}

/// Notes how long after the layer before each layer ended.
class Stopwatch : public nn::LayerObserver {
 public:
  void start() {
    last_ = Clock::now();
    layer_ = 0;
  }
  void note(const nn::LayerNote& note) override {
    const double time = milliseconds_since(last_);
    if (layer_ == notes_.size()) {
      notes_.push_back(note);
      times_.emplace_back();
    }
    times_[layer_++].push_back(time);
    last_ = Clock::now();
  }
  std::vector<LayerTime> summary() const {
    std::vector<LayerTime> list;
    for (std::size_t i = 0; i < notes_.size(); ++i) {
      const double median = summarize(times_[i]).median;
      const auto multiply_adds = static_cast<double>(notes_[i].multiply_adds * notes_[i].output.n);
      list.push_back({notes_[i].path, notes_[i].kind, median, multiply_adds / median * 1000});
    }
    return list;
  }

 private:
  Clock::time_point last_;
  std::size_t layer_ = 0;
  std::vector<nn::LayerNote> notes_;
  std::vector<std::vector<double>> times_;
};

}  // namespace

BenchTimes summarize(std::vector<double> milliseconds) {
  std::sort(milliseconds.begin(), milliseconds.end());
  const std::size_t n = milliseconds.size();
  const double median = (milliseconds[(n - 1) / 2] + milliseconds[n / 2]) / 2;
  return {.median = median, .fastest = milliseconds.front(), .slowest = milliseconds.back()};
}

BenchTimes bench_training(const BenchSettings& settings) {
  const auto network = make_network(settings);
  train::TrainStep step(*network, {}, train::challenge_weights, 0);
  const train::Batch batch = random_batch(settings);
  std::int64_t count = 0;
  return summarize(repeat(settings.seconds, [&] { step.run(batch, 1e-4, count++); }));
}

BenchTimes bench_inference(const BenchSettings& settings) {
  const auto network = make_network(settings);
  const train::Batch batch = random_batch(settings);
  return summarize(repeat(settings.seconds, [&] { (*network)(nn::Variable(batch.input), {}); }));
}

LayerTimes bench_layers(const BenchSettings& settings) {
  const auto network = make_network(settings);
  const train::Batch batch = random_batch(settings);
  Stopwatch stopwatch;
  const std::vector<double> all = repeat(settings.seconds, [&] {
    stopwatch.start();
    (*network)(nn::Variable(batch.input), {.observer = &stopwatch});
  });
  return {.layers = stopwatch.summary(), .all = summarize(all)};
}

}  // namespace apps
