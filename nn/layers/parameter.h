// One tensor of learned numbers.
#pragma once

#include <memory>
#include <string>

#include "nn/autograd/variable.h"
#include "nn/layers/init.h"

namespace nn {

struct ParameterOptions {
  init::Initializer initializer = init::zeros;
  bool weight_decay = true;  // off for biases and batch norm's scale and shift
  bool vector = false;       // per-channel numbers that stay f32 in a bf16 network: batch norm's scale and shift
  int file_rank = 1;         // dimensions in a weight file: 1 {c}, 2 {out, in}, 4 {out, in, kernel_h, kernel_w}
  /// Of a matrix behind flattened maps {1,h,w,c}, their shape: its columns stand in the order (h,w,c) here and in
  /// PyTorch's (c,h,w) in a weight file. Anything else leaves it empty.
  Shape flattened_map{0, 0, 0, 0};
};

/// A value, f32 on the CPU until it is bound elsewhere, and the leaf variable that layers compute with. That is the
/// value itself or, in a bf16 network, a rounded copy of it: the optimizer moves the value by steps far smaller than
/// bf16 can tell apart (Micikevicius et al., "Mixed precision training", 2018, arXiv:1710.03740). Layers keep a
/// reference to the Parameter, never a copy of its variable: rebinding replaces it.
class Parameter {
 public:
  /// All zero until initialize().
  Parameter(Shape shape, ParameterOptions options);

  /// To compute with. Its gradient has the type of value().
  const Variable& variable() const { return variable_; }
  /// What is learned, saved and loaded. Whoever writes it calls update_copy().
  const Tensor& value() const { return value_; }
  /// What backward has gathered, zeros if nothing. An error if the parameter is frozen.
  Tensor gradient() const { return variable_.gradient(); }
  const Shape& shape() const { return variable_.shape(); }
  const ParameterOptions& options() const { return options_; }
  /// The shape {out, h, w, in} whose elements stand in a weight file in the order {out, in, h, w}: shape(), but for a
  /// matrix behind flattened maps.
  Shape file_layout() const;

  /// Draws the value anew with the initializer of the options.
  void initialize(Random& random) { options_.initializer(value(), random); }

  /// A frozen parameter takes part in the forward pass as a constant and gets no gradient.
  bool trainable() const { return variable_.requires_grad(); }
  /// Frozen before the parameters are bound into flat buffers, it is left out of them for good: those take trainable
  /// parameters alone. Once it is bound, freeze whole groups (ParameterBuffers::set_frozen), so that the optimizer
  /// knows: value and gradient keep their places in the buffers.
  void set_trainable(bool trainable);

  /// Moves value and gradient to these tensors (pieces of flat buffers); the value is copied over and converted to the
  /// new dtype, the next gradient overwrites. `copy`, if defined, is of another type: what to compute with from now on.
  void bind(const Tensor& value, const Tensor& gradient, const Tensor& copy = {});
  /// Moves the parameter to memory of its own in this dtype (f32, f64) and on this device. Nothing happens if it is
  /// there already.
  void convert(DType dtype, Device device);
  /// Computes with a copy of its own in this dtype, unless the value has it or options().vector keeps it f32.
  void compute_in(DType dtype);
  /// Makes the copy, if there is one, equal to the value again.
  void update_copy() const;

 private:
  /// Makes the variable anew: of `computed`, as a leaf or a constant.
  void set_variable(const Tensor& computed, bool trainable);

  ParameterOptions options_;
  Tensor value_;
  Variable variable_;               // of value_ or of its copy
  std::shared_ptr<GradSlot> slot_;  // kept while frozen
};

/// `path` is the dotted name from the root module: the name in the weight file.
struct NamedParameter {
  std::string path;
  Parameter* parameter;
};

/// A tensor that is saved with the weights and not learned: running statistics.
struct NamedBuffer {
  std::string path;
  Tensor* buffer;
};

/// Copies `from` into `to` across dtypes and devices.
void copy_converted(const Tensor& from, const Tensor& to);

}  // namespace nn
