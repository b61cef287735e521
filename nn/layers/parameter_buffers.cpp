#include "nn/layers/parameter_buffers.h"

#include <utility>

#include "nn/kernels/fill.h"

namespace nn {
namespace {

constexpr std::int64_t alignment = 64;  // bytes: a cache line, and the widest vector

std::int64_t padded(std::int64_t elements, DType dtype) {
  const auto step = alignment / static_cast<std::int64_t>(size_of(dtype));
  return (elements + step - 1) / step * step;
}

}  // namespace

std::vector<ParameterGroup> group_by_weight_decay(const std::vector<NamedParameter>& parameters) {
  ParameterGroup decay{.name = "decay"};
  ParameterGroup no_decay{.name = "no_decay", .weight_decay_scale = 0};
  for (const NamedParameter& entry : parameters) {
    if (!entry.parameter->trainable()) continue;
    (entry.parameter->options().weight_decay ? decay : no_decay).parameters.push_back(entry);
  }
  std::vector<ParameterGroup> groups;
  if (!decay.parameters.empty()) groups.push_back(std::move(decay));
  if (!no_decay.parameters.empty()) groups.push_back(std::move(no_decay));
  return groups;
}

ParameterBuffers::ParameterBuffers(std::vector<ParameterGroup> groups, DType computed_dtype, Device device)
    : groups_(std::move(groups)) {
  const DType dtype = full_precision(computed_dtype);
  std::int64_t elements = 0;
  for (ParameterGroup& group : groups_) {
    group.offset = elements;
    for (const NamedParameter& entry : group.parameters) elements += padded(entry.parameter->shape().elements(), dtype);
    group.elements = elements - group.offset;
  }
  NN_CHECK(elements > 0, "[parameters] there is nothing to train: no parameter is trainable");
  values_ = Tensor::zeros(vector_shape(elements), dtype, device);
  gradients_ = Tensor::zeros(vector_shape(elements), dtype, device);
  if (computed_dtype != dtype) copy_ = Tensor::zeros(vector_shape(elements), computed_dtype, device);

  std::int64_t offset = 0;
  for (const ParameterGroup& group : groups_) {
    for (const auto& [path, parameter] : group.parameters) {
      const Shape shape = parameter->shape();
      parameter->bind(values_.flat_range(offset, shape), gradients_.flat_range(offset, shape),
                      copy_.defined() ? copy_.flat_range(offset, shape) : Tensor());
      offset += padded(shape.elements(), dtype);
    }
  }
}

void ParameterBuffers::set_frozen(std::size_t group, bool frozen) {
  ParameterGroup& changed = groups_.at(group);
  if (changed.frozen == frozen) return;
  changed.frozen = frozen;
  for (const auto& [path, parameter] : changed.parameters) parameter->set_trainable(!frozen);
}

void ParameterBuffers::clear_gradients() {
  fill(0.0, gradients_);
  for (const ParameterGroup& group : groups_) {
    for (const auto& [path, parameter] : group.parameters) parameter->variable().clear_gradient();
  }
}

}  // namespace nn
