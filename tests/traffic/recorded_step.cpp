#include "tests/traffic/recorded_step.h"

#include "models/registry.h"
#include "nn/core/allocator.h"
#include "tests/traffic/recording_device.h"
#include "train/inference.h"
#include "train/train_step.h"

namespace test {
namespace {

std::vector<RecordedCall>& recorded_calls() {
  static auto* const calls = [] {
    auto* const list = new std::vector<RecordedCall>;
    install_recording_device(*list);
    return list;
  }();
  return *calls;
}

/// Nobody reads its pictures.
train::Batch empty_batch(const StepSettings& settings) {
  const nn::Shape labels = nn::matrix_shape(settings.batch, 6);
  return {.input = nn::Tensor::pinned({settings.batch, settings.size, settings.size, 3}),
          .targets = nn::Tensor::zeros(labels),
          .mask = nn::Tensor::zeros(labels),
          .images = std::vector<std::size_t>(static_cast<std::size_t>(settings.batch))};
}

/// The calls of the second run of `step`: the first one takes memory that stays.
template <class Step>
RecordedStep second_of(const Step& step) {
  step();
  recorded_calls().clear();
  nn::reset_peak_memory(nn::Device::cuda);
  step();
  return {.calls = recorded_calls(), .peak_bytes = nn::memory_use(nn::Device::cuda).peak};
}

}  // namespace

std::int64_t RecordedStep::bytes() const {
  std::int64_t sum = 0;
  for (const RecordedCall& call : calls) sum += call.bytes();
  return sum;
}

std::int64_t RecordedStep::operations() const {
  std::int64_t sum = 0;
  for (const RecordedCall& call : calls) sum += call.operations;
  return sum;
}

RecordedStep record_step(const StepSettings& settings) {
  recorded_calls();  // the device must be there
  const auto network =
      models::make_model(settings.model, {.size = settings.size, .recompute_batch_norm = settings.recompute});
  const train::Compute compute{.device = nn::Device::cuda, .dtype = settings.dtype, .graph = false};
  const train::Batch batch = empty_batch(settings);
  if (settings.training) {
    train::TrainStep step(*network, {}, train::challenge_weights, 0, compute);
    std::int64_t count = 0;
    return second_of([&] { step.run(batch, 1e-4, count++); });
  }
  train::Inference inference(*network, compute);
  return second_of([&] {
    inference.start(batch);
    inference.finish();
  });
}

}  // namespace test
