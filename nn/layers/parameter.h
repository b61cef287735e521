// Learned numbers, and the flat buffers that hold them all.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/autograd/variable.h"

namespace nn {

struct ParameterOptions {
  bool weight_decay = true;  // off for biases and batch norm's scale and shift
};

/// A leaf variable. Layers keep a reference to the Parameter, never a copy of its variable: rebinding replaces it.
class Parameter {
 public:
  Parameter(Shape shape, ParameterOptions options);

  const Variable& variable() const { return variable_; }
  const Tensor& value() const { return variable_.value(); }
  Tensor gradient() const { return variable_.gradient(); }
  const Shape& shape() const { return variable_.shape(); }
  const ParameterOptions& options() const { return options_; }

  /// A frozen parameter takes part in the forward pass and gets no gradient.
  bool trainable() const { return trainable_; }
  void set_trainable(bool trainable);

  /// Moves value and gradient to these pieces of flat buffers; the value is copied (and cast) over.
  void bind(const Tensor& value, const Tensor& gradient);

 private:
  ParameterOptions options_;
  bool trainable_ = true;
  Variable variable_;
  std::shared_ptr<GradSlot> slot_;
};

struct NamedParameter {
  std::string path;
  Parameter* parameter;
};
struct NamedBuffer {
  std::string path;
  Tensor* buffer;
};

/// Parameters that share their hyper-parameters: one contiguous segment of the flat buffers.
struct ParameterGroup {
  std::string name;                       // "decay", "no_decay"
  double learning_rate_scale = 1;         // times the schedule's learning rate
  double weight_decay_scale = 1;          // times the optimizer's weight decay
  std::int64_t offset = 0, elements = 0;  // within the flat buffers, padding included
  std::vector<NamedParameter> parameters;
};

/// One buffer of all parameters and one of all gradients, entries padded to 64 bytes with zeros, in segments by group:
/// one call updates a group, one clears all gradients, one reduction gives the gradient's norm.
class ParameterBuffers {
 public:
  /// Rebinds every parameter of the groups (the caller sorts them into groups; see group_by_weight_decay).
  ParameterBuffers(std::vector<ParameterGroup> groups, DType dtype, Device device);

  const Tensor& values() const { return values_; }        // {1,1,1,elements}
  const Tensor& gradients() const { return gradients_; }  // the same layout
  const std::vector<ParameterGroup>& groups() const { return groups_; }
  /// Makes every parameter's next gradient overwrite (and the buffer zero, so that untouched parameters count as zero).
  void clear_gradients();

 private:
  std::vector<ParameterGroup> groups_;
  Tensor values_, gradients_;
};

/// Two groups: with weight decay, and without.
std::vector<ParameterGroup> group_by_weight_decay(const std::vector<NamedParameter>& parameters);

}  // namespace nn
