#include "nn/autograd/variable.h"

#include <utility>

namespace nn {

Variable Variable::leaf(Tensor value, Tape* tape) {
  auto slot = std::make_shared<GradSlot>(value.shape(), value.dtype(), value.device());
  return leaf(std::move(value), std::move(slot), tape);
}

Variable Variable::leaf(Tensor value, std::shared_ptr<GradSlot> slot, Tape* tape) {
  Variable v(std::move(value), tape);
  v.slot_ = std::move(slot);
  v.end_ = v.value_.c();
  v.slot_shape_ = v.value_.shape();
  return v;
}

Variable Variable::output(Shape shape, std::initializer_list<const Variable*> inputs, std::optional<DType> dtype) {
  Tape* tape = nullptr;
  bool requires_grad = false;
  const Variable* first = nullptr;
  for (const Variable* input : inputs) {
    if (!input->defined()) continue;
    if (first == nullptr) first = input;
    NN_CHECK(tape == nullptr || input->tape_ == nullptr || input->tape_ == tape, "[op] inputs on two tapes");
    if (input->tape_ != nullptr) tape = input->tape_;
    requires_grad = requires_grad || input->requires_grad();
  }
  NN_CHECK(first != nullptr, "[op] no input is defined");
  Tensor value = Tensor::empty(shape, dtype.value_or(first->value_.dtype()), first->value_.device());
  if (tape != nullptr && requires_grad) return leaf(std::move(value), tape);
  return Variable(std::move(value), tape);
}

void Variable::check_output(const char* op, const Variable& output, std::initializer_list<const Variable*> inputs) {
  bool on_tape = false, requires_grad = false;
  for (const Variable* input : inputs) {
    on_tape = on_tape || input->tape_ != nullptr;
    requires_grad = requires_grad || input->requires_grad();
  }
  NN_CHECK(!on_tape || !requires_grad || output.recorded(), "[", op,
           "] the output given has no gradient, an input has one");
}

Variable Variable::channel_range(std::int64_t begin, std::int64_t end) const {
  NN_CHECK(!requires_grad() || slot_shape_.c == c(), "[channel_range] of a variable reshaped from ", slot_shape_.c,
           " channels to ", c(), ": take the range first");
  Variable view = *this;
  view.value_ = value_.channel_range(begin, end);
  view.end_ = begin_ + end;
  view.begin_ = begin_ + begin;
  view.slot_shape_.c = end - begin;
  return view;
}

Variable Variable::reshape(Shape shape) const {
  Variable view = *this;
  view.value_ = value_.reshape(shape);
  return view;
}

Variable Variable::gradient_only() const {
  Variable without_value = *this;
  without_value.value_ = value_.without_memory();
  return without_value;
}

Tensor Variable::gradient() const {
  NN_CHECK(requires_grad(), "[gradient] the variable has none");
  const Tensor whole = slot_->gradient();
  const Tensor view = begin_ == 0 && end_ == whole.c() ? whole : whole.channel_range(begin_, end_);
  return slot_shape_ == shape() ? view : view.reshape(shape());
}

GradTarget Variable::gradient_target() const {
  if (!requires_grad()) return {};
  GradTarget target = slot_->target(begin_, end_);
  if (slot_shape_ != shape()) target.gradient = target.gradient.reshape(shape());
  return target;
}

void Variable::clear_gradient() const {
  if (slot_) slot_->clear();
}

}  // namespace nn
