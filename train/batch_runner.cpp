#include "train/batch_runner.h"

namespace train {
namespace {

constexpr int warm_ups = 2;

DeviceBatch room_for(const Batch& batch, const Compute& compute) {
  return {.input = nn::Tensor::empty(batch.input_shape(), compute.dtype, compute.device),
          .targets = nn::Tensor::empty(batch.targets.shape(), nn::DType::f32, compute.device),
          .mask = nn::Tensor::empty(batch.mask.shape(), nn::DType::f32, compute.device)};
}

}  // namespace

BatchRunner::BatchRunner(const Compute& compute) : compute_(compute), uploader_(compute.device, compute.dtype) {}

bool BatchRunner::fits(const Batch& batch) const {
  return fixed_.input.defined() && fixed_.input.shape() == batch.input_shape();
}

BatchRunner::Ran BatchRunner::run(const Batch& batch, const Work& work) {
  if (compute_.device == nn::Device::cpu || !compute_.graph || (graph_ && !fits(batch))) {
    work(uploader_.upload(batch));
    return Ran::eagerly;
  }
  if (!fits(batch)) {
    fixed_ = room_for(batch, compute_);
    eager_runs_ = 0;
  }
  uploader_.upload(batch, fixed_);
  if (graph_) {
    graph_->replay();
    return Ran::replayed;
  }
  if (eager_runs_ < warm_ups) {
    ++eager_runs_;
    work(fixed_);
    return Ran::eagerly;
  }
  auto graph = nn::require_runtime(compute_.device).make_step_graph();
  graph->capture([&] { work(fixed_); });
  graph_ = std::move(graph);
  graph_->replay();
  return Ran::recorded;
}

void BatchRunner::forget() {
  graph_.reset();
  eager_runs_ = 0;
}

}  // namespace train
