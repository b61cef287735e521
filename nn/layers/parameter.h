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
  int file_rank = 1;         // dimensions in a weight file: 1 {c}, 2 {out, in}, 4 {out, in, kernel_h, kernel_w}
  /// Of a matrix behind flattened maps {1,h,w,c}, their shape: its columns stand in the order (h,w,c) here and in
  /// PyTorch's (c,h,w) in a weight file. Anything else leaves it empty.
  Shape flattened_map{0, 0, 0, 0};
};

/// A leaf variable, f32 on the CPU until it is bound elsewhere. Layers keep a reference to the Parameter, never a copy
/// of its variable: rebinding replaces it.
class Parameter {
 public:
  /// All zero until initialize().
  Parameter(Shape shape, ParameterOptions options);

  const Variable& variable() const { return variable_; }
  const Tensor& value() const { return variable_.value(); }
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
  /// new dtype, the next gradient overwrites.
  void bind(const Tensor& value, const Tensor& gradient);
  /// Moves the parameter to memory of its own in this dtype and on this device. Nothing happens if it is there already.
  void convert(DType dtype, Device device);

 private:
  ParameterOptions options_;
  Variable variable_;
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
