#include "train/train_step.h"

#include "nn/ops/loss.h"
#include "nn/tensor/copy.h"

namespace train {
namespace {

using nn::Tensor;

Tensor label_weight_tensor(const Probabilities& weights, nn::Device device) {
  std::vector<float> values(weights.begin(), weights.end());
  return nn::to_device(Tensor::from<float>(nn::vector_shape(io::label_count), values), device);
}

std::int32_t low_word(std::uint64_t value) { return static_cast<std::int32_t>(static_cast<std::uint32_t>(value)); }
std::int32_t high_word(std::uint64_t value) { return low_word(value >> 32U); }

/// Bound to flat buffers only after everything else is on the device.
nn::ParameterBuffers bind_parameters(nn::Module& network, nn::Device device,
                                     const std::optional<FineTuning>& fine_tuning) {
  network.convert(nn::DType::f32, device);
  auto groups =
      fine_tuning ? group_for_fine_tuning(network, *fine_tuning) : nn::group_by_weight_decay(network.parameters());
  return {std::move(groups), nn::DType::f32, device};
}

}  // namespace

TrainStep::TrainStep(nn::Module& network, const OptimizerOptions& options, const Probabilities& label_weights,
                     std::uint64_t seed, nn::Device device, const std::optional<FineTuning>& fine_tuning)
    : network_(network),
      device_(device),
      frozen_batch_norm_(fine_tuning && fine_tuning->frozen_batch_norm),
      buffers_(bind_parameters(network, device, fine_tuning)),
      optimizer_(buffers_, options),
      label_weights_(label_weight_tensor(label_weights, device)),
      seed_(seed),
      random_state_(Tensor::zeros(nn::vector_shape(4), nn::DType::i32, device)),
      running_(network.buffers()) {
  for (const nn::NamedBuffer& entry : running_) running_before_.push_back(nn::clone(*entry.buffer));
}

StepResult TrainStep::run(const Batch& batch, double learning_rate, std::int64_t step) {
  set_random_step(step);
  save_running_statistics();
  buffers_.clear_gradients();
  const nn::Context context{.training = true, .frozen_batch_norm = frozen_batch_norm_, .random_state = random_state_};
  const nn::Variable logits = network_(nn::Variable(nn::to_device(batch.input, device_), &tape_), context);
  const nn::Variable loss = nn::sigmoid_bce(logits, nn::to_device(batch.targets, device_),
                                            nn::to_device(batch.mask, device_), label_weights_);
  tape_.backward(loss);
  optimizer_.step(learning_rate);
  const StepResult result{.loss = loss.value().item(), .update = optimizer_.outcome()};
  if (result.update.skipped) restore_running_statistics();
  return result;
}

void TrainStep::set_backbone_frozen(bool frozen) {
  const std::vector<nn::ParameterGroup>& groups = buffers_.groups();
  bool found = false;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!is_backbone(groups[i])) continue;
    buffers_.set_frozen(i, frozen);
    found = true;
  }
  NN_CHECK(found, "[train_step] only fine-tuning knows a backbone to freeze");
}

void TrainStep::set_random_step(std::int64_t step) {
  const auto count = static_cast<std::uint64_t>(step);
  nn::copy_into(Tensor::from<std::int32_t>(nn::vector_shape(4),
                                           {low_word(seed_), high_word(seed_), low_word(count), high_word(count)}),
                random_state_);
}

// A batch with a NaN in it would leave it in the running statistics for good: they are part of what a skipped step
// must not change.
void TrainStep::save_running_statistics() {
  for (std::size_t i = 0; i < running_.size(); ++i) nn::copy_into(*running_[i].buffer, running_before_[i]);
}

void TrainStep::restore_running_statistics() {
  for (std::size_t i = 0; i < running_.size(); ++i) nn::copy_into(running_before_[i], *running_[i].buffer);
}

}  // namespace train
