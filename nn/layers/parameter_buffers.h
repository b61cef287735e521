// One buffer for all parameters and one for all gradients.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/layers/parameter.h"

namespace nn {

/// Parameters that share their hyper-parameters: one contiguous segment of the flat buffers.
struct ParameterGroup {
  std::string name;                       // "decay", "no_decay"
  double learning_rate_scale = 1;         // times the schedule's learning rate
  double weight_decay_scale = 1;          // times the optimizer's weight decay
  std::int64_t offset = 0, elements = 0;  // within the flat buffers, padding included
  std::vector<NamedParameter> parameters{};
  bool frozen = false;  // see ParameterBuffers::set_frozen
};

/// Two groups, with weight decay and without; an empty one is left out, and so is every parameter that is frozen now.
std::vector<ParameterGroup> group_by_weight_decay(const std::vector<NamedParameter>& parameters);

/// The parameters of all groups, one after the other, each padded with zeros to 64 bytes: one call updates a group, one
/// clears all gradients, one reduction gives the gradient's norm.
///
///   values     | conv1.weight .. 0 0 | conv2.weight .... | ... | conv1.bias . 0 | ...
///   gradients  | the same layout
///   copy       | the same layout, in a network that computes in bf16: of the values, what layers compute with
///              '-- group "decay" ----------------------------' '-- "no_decay" -----
class ParameterBuffers {
 public:
  /// Rebinds every parameter of the groups, which must be trainable, and moves its value to `device`. `dtype` is what
  /// the network computes in: f32 or f64 the values have themselves, for bf16 they are f32 with a copy.
  /// The parameters must not outlive their module; the memory lives on in them.
  ParameterBuffers(std::vector<ParameterGroup> groups, DType dtype, Device device);

  const Tensor& values() const { return values_; }        // {1,1,1,elements}
  const Tensor& gradients() const { return gradients_; }  // {1,1,1,elements}, zero in the padding
  /// {1,1,1,elements} bf16: whoever updates the values writes them here, too. Undefined if there is no copy.
  const Tensor& copy() const { return copy_; }
  const std::vector<ParameterGroup>& groups() const { return groups_; }

  /// Freezes the group with this index, or lets it learn again, at any time between steps. A frozen group keeps its
  /// place and its values; its parameters take part in the forward pass as constants, so that no backward work is done
  /// for them, and its gradient is zero after clear_gradients().
  void set_frozen(std::size_t group, bool frozen);

  /// Makes every parameter's next gradient overwrite, and the buffer zero, so that a parameter that no backward reaches
  /// counts as zero.
  void clear_gradients();

 private:
  std::vector<ParameterGroup> groups_;
  Tensor values_, gradients_, copy_;
};

}  // namespace nn
