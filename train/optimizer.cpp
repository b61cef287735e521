#include "train/optimizer.h"

#include <array>

#include "nn/tensor/copy.h"

namespace train {
namespace {

using nn::Tensor;

constexpr std::array<std::string_view, 3> kind_names = {"adamw", "adam", "sgd"};

nn::SgdOptions sgd_options(const OptimizerOptions& options, const nn::ParameterGroup& group) {
  return {.momentum = options.momentum,
          .nesterov = options.nesterov,
          .weight_decay = options.weight_decay * group.weight_decay_scale,
          .learning_rate_scale = group.learning_rate_scale};
}

nn::AdamOptions adam_options(const OptimizerOptions& options, const nn::ParameterGroup& group) {
  return {.beta1 = options.beta1,
          .beta2 = options.beta2,
          .epsilon = options.epsilon,
          .weight_decay = options.weight_decay * group.weight_decay_scale,
          .decoupled = options.kind == OptimizerKind::adamw,
          .learning_rate_scale = group.learning_rate_scale};
}

}  // namespace

std::string_view name(OptimizerKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

OptimizerKind optimizer_kind(std::string_view name) {
  for (std::size_t i = 0; i < kind_names.size(); ++i) {
    if (kind_names[i] == name) return static_cast<OptimizerKind>(i);
  }
  throw nn::Error(nn::message("unknown optimizer ", name, ": there are adamw, adam and sgd"));
}

Optimizer::Optimizer(const nn::ParameterBuffers& buffers, const OptimizerOptions& options)
    : buffers_(buffers), options_(options) {
  const Tensor& values = buffers.values();
  first_ = Tensor::zeros(values.shape(), values.dtype(), values.device());
  if (options.kind != OptimizerKind::sgd) second_ = Tensor::zeros(values.shape(), values.dtype(), values.device());
  sum_ = Tensor::zeros(nn::vector_shape(1), nn::DType::f64, values.device());
  step_state_ = Tensor::zeros(nn::vector_shape(nn::step_state::size), nn::DType::f64, values.device());
}

void Optimizer::step(double learning_rate) {
  nn::copy_into(Tensor::from<double>(nn::vector_shape(1), {learning_rate}),
                step_state_.flat_range(nn::step_state::learning_rate, nn::vector_shape(1)));
  nn::sum_of_squares(buffers_.gradients(), sum_);
  nn::prepare_update(sum_, options_.max_gradient_norm, step_state_);
  for (const nn::ParameterGroup& group : buffers_.groups()) update(group);
}

void Optimizer::update(const nn::ParameterGroup& group) {
  if (group.elements == 0) return;
  const auto segment = [&](const Tensor& flat) {
    return flat.flat_range(group.offset, nn::vector_shape(group.elements));
  };
  const Tensor value = segment(buffers_.values()), gradient = segment(buffers_.gradients());
  if (options_.kind == OptimizerKind::sgd) {
    nn::sgd_update(value, gradient, segment(first_), sgd_options(options_, group), step_state_);
  } else {
    nn::adam_update(value, gradient, segment(first_), segment(second_), adam_options(options_, group), step_state_);
  }
}

StepOutcome Optimizer::outcome() const {
  const auto state = nn::to_device(step_state_, nn::Device::cpu).to_vector<double>();
  return {.gradient_norm = state[nn::step_state::gradient_norm],
          .skipped = state[nn::step_state::skipped] != 0,
          .skipped_in_a_row = static_cast<int>(state[nn::step_state::skipped_in_a_row]),
          .steps = static_cast<std::int64_t>(state[nn::step_state::step])};
}

std::vector<Optimizer::NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> tensors = {{"optimizer.step_state", step_state_}, {"optimizer.first", first_}};
  if (second_.defined()) tensors.push_back({"optimizer.second", second_});
  return tensors;
}

}  // namespace train
