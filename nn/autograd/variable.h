// A tensor that may have a gradient: Tensor + shared gradient slot + channel range + tape.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>

#include "nn/autograd/grad_slot.h"
#include "nn/tensor/tensor.h"

namespace nn {

class Tape;

/// A handle, copied freely. Without a tape nothing is recorded and nothing is kept: that is inference.
class Variable {
 public:
  /// Undefined: stands for an argument that is not given.
  Variable() = default;
  /// A constant, or the input of a network: recorded on `tape` if there is one, without a gradient of its own.
  explicit Variable(Tensor value, Tape* tape = nullptr) : value_(std::move(value)), tape_(tape) {}
  /// A leaf whose gradient is wanted: an input under test, or a parameter (see nn/layers/parameter.h). A slot of its
  /// own may have another type than the value: the gradient of a bf16 weight is f32.
  static Variable leaf(Tensor value, Tape* tape = nullptr);
  static Variable leaf(Tensor value, std::shared_ptr<GradSlot> slot, Tape* tape = nullptr);
  /// The result of an op: uninitialised, of the dtype and device of the first input; on the inputs' tape, with a
  /// gradient if any input has one and there is a tape.
  /// `dtype`: another type than the first input's; statistics are f32 though x is bf16.
  static Variable output(Shape shape, std::initializer_list<const Variable*> inputs, std::optional<DType> dtype = {});
  /// For ops that write into an `output` they are given: an error if it would lose the gradient that an input has.
  static void check_output(const char* op, const Variable& output, std::initializer_list<const Variable*> inputs);

  bool defined() const { return value_.defined(); }
  const Tensor& value() const { return value_; }
  const Shape& shape() const { return value_.shape(); }
  std::int64_t c() const { return value_.c(); }
  Tape* tape() const { return tape_; }
  bool requires_grad() const { return slot_ != nullptr; }
  /// True if an op with this output must record its backward.
  bool recorded() const { return tape_ != nullptr && slot_ != nullptr; }

  /// Channels [begin, end): a view. The gradient of a view is the same view of the gradient.
  Variable channel_range(std::int64_t begin, std::int64_t end) const;
  /// The same elements in another shape. The gradient is reshaped with it (both whole and contiguous).
  Variable reshape(Shape shape) const;
  /// The same without the value's memory: for a backward that touches the gradient alone, so that the tape keeps no
  /// more than it needs.
  Variable gradient_only() const;

  /// What has been gathered for this variable (zeros if nothing): the dy of an op's backward.
  Tensor gradient() const;
  /// Where an op's backward writes the gradient of its input; not wanted() if there is none.
  GradTarget gradient_target() const;
  /// Forgets the gathered gradient; the next backward starts anew.
  void clear_gradient() const;

 private:
  Tensor value_;
  std::shared_ptr<GradSlot> slot_;  // of the whole buffer that value_ is a view of
  std::int64_t begin_ = 0, end_ = 0;
  Shape slot_shape_{};  // the buffer's shape with c of the view: differs from shape() after reshape
  Tape* tape_ = nullptr;
};

}  // namespace nn
