#include "train/train_step.h"

#include "nn/kernels/fill.h"
#include "nn/ops/cast.h"
#include "nn/ops/loss.h"
#include "nn/tensor/copy.h"

namespace train {
namespace {

using nn::DType;
using nn::Tensor;

Tensor label_weight_tensor(const Probabilities& weights, nn::Device device) {
  std::vector<float> values(weights.begin(), weights.end());
  return nn::to_device(Tensor::from<float>(nn::vector_shape(io::label_count), values), device);
}

std::int32_t low_word(std::uint64_t value) { return static_cast<std::int32_t>(static_cast<std::uint32_t>(value)); }
std::int32_t high_word(std::uint64_t value) { return low_word(value >> 32U); }

/// Bound to flat buffers only after everything else is on the device.
nn::ParameterBuffers bind_parameters(nn::Module& network, const Compute& compute,
                                     const std::optional<FineTuning>& fine_tuning) {
  network.convert(nn::full_precision(compute.dtype), compute.device);
  auto groups =
      fine_tuning ? group_for_fine_tuning(network, *fine_tuning) : nn::group_by_weight_decay(network.parameters());
  nn::ParameterBuffers buffers(std::move(groups), compute.dtype, compute.device);
  network.compute_in(compute.dtype);  // what is frozen for good, and in no buffer
  return buffers;
}

}  // namespace

TrainStep::TrainStep(nn::Module& network, const OptimizerOptions& options, const Probabilities& label_weights,
                     std::uint64_t seed, const Compute& compute, const std::optional<FineTuning>& fine_tuning)
    : network_(network),
      compute_(compute),
      most_waiting_(compute.device == nn::Device::cpu ? 0 : 1),
      frozen_batch_norm_(fine_tuning && fine_tuning->frozen_batch_norm),
      buffers_(bind_parameters(network, compute, fine_tuning)),
      optimizer_(buffers_, options),
      running_(network),
      label_weights_(label_weight_tensor(label_weights, compute.device)),
      seed_(seed),
      random_state_(Tensor::zeros(nn::vector_shape(4), DType::i32, compute.device)),
      result_(Tensor::zeros(nn::vector_shape(1 + nn::step_state::size), DType::f64, compute.device)),
      runner_(compute),
      results_(compute.device) {
  for (Numbers& numbers : numbers_) {
    numbers = {Tensor::pinned(nn::vector_shape(1), DType::f64), Tensor::pinned(nn::vector_shape(4), DType::i32)};
  }
}

void TrainStep::start(const Batch& batch, double learning_rate, std::int64_t step) {
  NN_CHECK(!should_finish(), "[train_step] ", unfinished(), " steps are waiting to be finished");
  send_numbers(learning_rate, step);
  runner_.run(batch, [this](const DeviceBatch& uploaded) { compute(uploaded); });
  results_.push(result_);
  images_.push_back(batch.input_shape().n);
}

StepResult TrainStep::finish() {
  const Tensor result = results_.pop();
  const std::int64_t images = images_.front();
  images_.pop_front();
  return {.loss = *result.data<double>(),
          .update = Optimizer::outcome_of(result.flat_range(1, nn::vector_shape(nn::step_state::size))),
          .images = images};
}

StepResult TrainStep::run(const Batch& batch, double learning_rate, std::int64_t step) {
  NN_CHECK(unfinished() == 0, "[train_step] run() expects no unfinished step, there are ", unfinished());
  start(batch, learning_rate, step);
  return finish();
}

/// Kernels and copies on the device alone, so that it can be recorded.
void TrainStep::compute(const DeviceBatch& batch) {
  running_.save();
  buffers_.clear_gradients();
  const nn::Context context{.training = true, .frozen_batch_norm = frozen_batch_norm_, .random_state = random_state_};
  const nn::Variable logits = nn::cast_to(network_(nn::Variable(batch.input, &tape_), context), DType::f32);
  const nn::Variable loss = nn::sigmoid_bce(logits, batch.targets, batch.mask, label_weights_);
  tape_.backward(loss);
  optimizer_.update();
  const Tensor state = optimizer_.step_state();
  running_.restore_if(state.flat_range(nn::step_state::skipped, nn::vector_shape(1)));
  nn::cast(loss.value(), result_.flat_range(0, loss.shape()));
  nn::copy_into(state, result_.flat_range(1, state.shape()));
}

void TrainStep::send_numbers(double learning_rate, std::int64_t step) {
  // The copies of the step before last are done: it is finished.
  const Numbers& numbers = numbers_[next_numbers_];
  next_numbers_ = (next_numbers_ + 1) % numbers_.size();
  const auto count = static_cast<std::uint64_t>(step);
  *numbers.learning_rate.data<double>() = learning_rate;
  auto* state = numbers.random_state.data<std::int32_t>();
  state[0] = low_word(seed_);
  state[1] = high_word(seed_);
  state[2] = low_word(count);
  state[3] = high_word(count);
  nn::copy_into(numbers.learning_rate, optimizer_.learning_rate());
  nn::copy_into(numbers.random_state, random_state_);
}

void TrainStep::set_backbone_frozen(bool frozen) {
  const std::vector<nn::ParameterGroup>& groups = buffers_.groups();
  bool found = false, changed = false;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!is_backbone(groups[i])) continue;
    found = true;
    changed = changed || groups[i].frozen != frozen;
    buffers_.set_frozen(i, frozen);
  }
  NN_CHECK(found, "[train_step] only fine-tuning knows a backbone to freeze");
  if (changed) runner_.forget();
}

}  // namespace train
