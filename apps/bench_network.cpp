#include <algorithm>
#include <chrono>
#include <functional>

#include "apps/bench.h"
#include "apps/layer_algorithms.h"
#include "io/labels.h"
#include "models/registry.h"
#include "nn/core/allocator.h"
#include "nn/core/device_runtime.h"
#include "nn/core/philox.h"
#include "nn/tensor/copy.h"
#include "train/data/preprocessing.h"
#include "train/evaluation/metrics.h"
#include "train/inference.h"
#include "train/train_step.h"

namespace apps {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// The first repetitions allocate memory and warm up caches and clocks, on a GPU they also choose plans and record the
/// step; they do not count.
int warm_ups(nn::Device device) { return device == nn::Device::cpu ? 2 : 5; }
constexpr std::size_t fewest_repetitions = 3;

std::vector<double> repeat(const BenchSettings& settings, const std::function<void()>& work) {
  const double seconds = settings.seconds;
  for (int i = 0; i < warm_ups(settings.compute.device); ++i) {
    work();
    if (i == 0) nn::reset_peak_memory(settings.compute.device);  // what trying plans took is no part of the peak
  }
  std::vector<double> times;
  const Clock::time_point begin = Clock::now();
  while (times.size() < fewest_repetitions || milliseconds_since(begin) < 1000 * seconds) {
    const Clock::time_point start = Clock::now();
    work();
    times.push_back(milliseconds_since(start));
  }
  return times;
}

/// TrainStep and Inference alike: on a GPU the host is one step ahead, so that a repetition lasts as long as a step.
void finish_if_needed(auto& steps) {
  if (steps.should_finish()) steps.finish();
}
void finish_all(auto& steps) {
  while (steps.unfinished() > 0) steps.finish();
}

constexpr std::int64_t channels = bench_channels;

std::unique_ptr<nn::Module> make_network(const BenchSettings& settings) {
  return models::make_model(settings.model, {.channels = channels, .size = settings.size});
}

/// Slices of noise that fill the input, in its three usual windows.
train::RawInput random_slices(const BenchSettings& settings, nn::Random& random) {
  const auto preprocessing = train::Preprocessing::defaults(train::ImageKind::dicom, train::InputKind::windows,
                                                            static_cast<int>(settings.size));
  train::RawInput raw;
  raw.shape = {settings.batch, settings.size, settings.size, channels};
  // Side by side, as a loader's, so that they go up as one.
  const nn::Tensor all = nn::Tensor::pinned({settings.batch, settings.size, settings.size, 1}, nn::DType::i16);
  std::generate_n(all.data<std::int16_t>(), all.elements(),
                  [&] { return static_cast<std::int16_t>(100 * random.uniform()); });
  for (std::int64_t i = 0; i < settings.batch; ++i) {
    const nn::Tensor pixels = all.batch_range(i, i + 1);
    const train::DecodedImage image{.pixels = pixels};
    const train::DecodedImage* slice = &image;
    const nn::Tensor parameters = train::raw_image(preprocessing, {&slice, 1}, {}).parameters;
    if (i == 0) {
      raw.parameters = nn::Tensor::pinned(nn::matrix_shape(settings.batch, parameters.c()), nn::DType::f64);
    }
    nn::copy_into(parameters, raw.parameters.batch_range(i, i + 1));
    raw.slices.push_back(pixels);
  }
  return raw;
}

/// Noise as input, labels as rare as bleeds.
train::Batch random_batch(const BenchSettings& settings) {
  nn::Random random(1);
  train::Batch batch;
  if (settings.compute.device == nn::Device::cpu) {
    batch.input = nn::Tensor::empty({settings.batch, settings.size, settings.size, channels});
    std::generate_n(batch.input.data<float>(), batch.input.elements(), [&] { return random.uniform(); });
  } else {
    batch.raw = random_slices(settings, random);
  }
  batch.targets = nn::Tensor::empty(nn::matrix_shape(settings.batch, io::label_count));
  batch.mask = nn::Tensor::empty(batch.targets.shape());
  std::generate_n(batch.targets.data<float>(), batch.targets.elements(),
                  [&] { return random.uniform() < 0.1F ? 1.0F : 0.0F; });
  std::fill_n(batch.mask.data<float>(), batch.mask.elements(), 1.0F);
  return batch;
}

/// "stage1.norm" and "stage1.down" as "stage1.norm + down".
std::string joined_paths(const std::string& before, const std::string& path) {
  const std::string parent = path.substr(0, path.rfind('.') + 1);
  const bool same = !parent.empty() && before.starts_with(parent);
  return before + " + " + (same ? path.substr(parent.size()) : path);
}

/// Layers that are computed in one: the time between them would be charged to whichever tells first.
struct LayersInOne {
  std::string layer, kind, algorithm;
  double multiply_adds = 0;  // of the whole batch
  std::vector<double> milliseconds;

  void add(const nn::LayerNote& note, nn::Device device) {
    layer = layer.empty() ? note.path : joined_paths(layer, note.path);
    kind += (kind.empty() ? "" : " + ") + std::string(note.kind);
    multiply_adds += static_cast<double>(note.multiply_adds * note.output.n);
    if (device == nn::Device::cpu) algorithm += layer_algorithms(note).forward;
  }
};

/// Notes how long after the layers before each layer, or all that are computed in one with it, ended.
class Stopwatch : public nn::LayerObserver {
 public:
  explicit Stopwatch(nn::Device device) : device_(device) {}
  void start() {
    last_ = Clock::now();
    position_ = 0;
    joining_ = false;
  }
  void note(const nn::LayerNote& note) override {
    if (first_pass_) describe(note);
    joining_ = note.with_next;
    if (note.with_next) return;
    nn::synchronize(device_);
    layers_.at(position_++).milliseconds.push_back(milliseconds_since(last_));
    last_ = Clock::now();
  }
  /// Of a forward pass; the layers are the same in each.
  void end() { first_pass_ = false; }

  std::vector<LayerTime> summary() const {
    std::vector<LayerTime> list;
    for (const LayersInOne& layers : layers_) {
      const auto first = layers.milliseconds.begin() + warm_ups(device_);
      const double median = summarize({first, layers.milliseconds.end()}).median;
      list.push_back({.layer = layers.layer,
                      .kind = layers.kind,
                      .milliseconds = median,
                      .multiply_adds_second = layers.multiply_adds / median * 1000,
                      .algorithm = layers.algorithm});
    }
    return list;
  }

 private:
  void describe(const nn::LayerNote& note) {
    if (!joining_) layers_.emplace_back();
    layers_.back().add(note, device_);
  }

  nn::Device device_;
  Clock::time_point last_;
  std::size_t position_ = 0;
  bool first_pass_ = true, joining_ = false;  // joining: the last layer noted is computed in one with the next
  std::vector<LayersInOne> layers_;
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
  train::TrainStep step(*network, {}, train::challenge_weights, 0, settings.compute);
  const train::Batch batch = random_batch(settings);
  std::int64_t count = 0;
  const std::vector<double> times = repeat(settings, [&] {
    step.start(batch, 1e-4, count++);
    finish_if_needed(step);
  });
  finish_all(step);
  return summarize(times);
}

BenchTimes bench_inference(const BenchSettings& settings) {
  const auto network = make_network(settings);
  train::Inference inference(*network, settings.compute);
  const train::Batch batch = random_batch(settings);
  const std::vector<double> times = repeat(settings, [&] {
    inference.start(batch);
    finish_if_needed(inference);
  });
  finish_all(inference);
  return summarize(times);
}

LayerTimes bench_layers(const BenchSettings& settings) {
  const auto network = make_network(settings);
  train::move_to(settings.compute, *network);
  train::BatchUploader uploader(settings.compute.device, settings.compute.dtype);
  const nn::Variable input(uploader.upload(random_batch(settings)).input);
  Stopwatch stopwatch(settings.compute.device);
  const std::vector<double> all = repeat(settings, [&] {
    stopwatch.start();
    (*network)(input, {.observer = &stopwatch});
    stopwatch.end();
  });
  return {.layers = stopwatch.summary(), .all = summarize(all)};
}

}  // namespace apps
