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
  learning_rate_ = Tensor::zeros(nn::vector_shape(1), nn::DType::f64, values.device());
  const auto groups = static_cast<std::int64_t>(buffers.groups().size());
  step_states_ = Tensor::zeros(nn::matrix_shape(groups, nn::step_state::size), nn::DType::f64, values.device());
}

void Optimizer::step(double learning_rate) {
  nn::copy_into(Tensor::from<double>(learning_rate_.shape(), {learning_rate}), learning_rate_);
  update();
}

void Optimizer::update() {
  nn::sum_of_squares(buffers_.gradients(), sum_);
  for (std::size_t i = 0; i < buffers_.groups().size(); ++i) {
    const nn::ParameterGroup& group = buffers_.groups()[i];
    if (group.frozen || group.elements == 0) continue;
    const Tensor state = step_state_of(i);
    nn::copy_into(learning_rate_, state.flat_range(nn::step_state::learning_rate, learning_rate_.shape()));
    nn::prepare_update(sum_, options_.max_gradient_norm, state);
    update(group, state);
  }
}

Tensor Optimizer::step_state_of(std::size_t group) const {
  return step_states_.flat_range(static_cast<std::int64_t>(group) * nn::step_state::size,
                                 nn::vector_shape(nn::step_state::size));
}

std::size_t Optimizer::first_learning_group() const {
  const std::vector<nn::ParameterGroup>& groups = buffers_.groups();
  std::size_t i = 0;
  while (i < groups.size() && groups[i].frozen) ++i;
  NN_CHECK(i < groups.size(), "[optimizer] there is nothing to train: all groups are frozen");
  return i;
}

void Optimizer::update(const nn::ParameterGroup& group, const Tensor& step_state) {
  const auto segment = [&](const Tensor& flat) {
    return flat.flat_range(group.offset, nn::vector_shape(group.elements));
  };
  const Tensor value = segment(buffers_.values()), gradient = segment(buffers_.gradients());
  const Tensor copy = buffers_.copy().defined() ? segment(buffers_.copy()) : Tensor();
  if (options_.kind == OptimizerKind::sgd) {
    nn::sgd_update(value, gradient, segment(first_), sgd_options(options_, group), step_state, copy);
  } else {
    nn::adam_update(value, gradient, segment(first_), segment(second_), adam_options(options_, group), step_state,
                    copy);
  }
}

Tensor Optimizer::step_state() const { return step_state_of(first_learning_group()); }

StepOutcome Optimizer::outcome_of(const Tensor& step_state) {
  const std::vector<double> state = step_state.to_vector<double>();
  return {.gradient_norm = state[nn::step_state::gradient_norm],
          .skipped = state[nn::step_state::skipped] != 0,
          .skipped_in_a_row = static_cast<int>(state[nn::step_state::skipped_in_a_row]),
          .steps = static_cast<std::int64_t>(state[nn::step_state::step])};
}

StepOutcome Optimizer::outcome() const { return outcome_of(nn::to_device(step_state(), nn::Device::cpu)); }

std::vector<Optimizer::NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> tensors = {{"optimizer.step_states", step_states_}, {"optimizer.first", first_}};
  if (second_.defined()) tensors.push_back({"optimizer.second", second_});
  return tensors;
}

}  // namespace train
