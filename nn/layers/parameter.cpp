#include "nn/layers/parameter.h"

#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"

namespace nn {

void copy_converted(const Tensor& from, const Tensor& to) {
  if (from.dtype() == to.dtype()) return copy_into(from, to);
  Tensor converted = Tensor::empty(from.shape(), to.dtype(), from.device());
  cast(from, converted);
  copy_into(converted, to);
}

Parameter::Parameter(Shape shape, ParameterOptions options) : options_(options), value_(Tensor::zeros(shape)) {
  slot_ = std::make_shared<GradSlot>(value_.shape(), value_.dtype(), value_.device());
  set_variable(value_, true);
}

Shape Parameter::file_layout() const {
  const Shape& map = options_.flattened_map;
  return map.elements() == 0 ? shape() : Shape{shape().n, map.h, map.w, map.c};
}

void Parameter::set_variable(const Tensor& computed, bool trainable) {
  variable_ = trainable ? Variable::leaf(computed, slot_) : Variable(computed);
}

void Parameter::set_trainable(bool trainable) { set_variable(Tensor(variable_.value()), trainable); }

void Parameter::bind(const Tensor& to, const Tensor& to_gradient, const Tensor& copy) {
  NN_CHECK(to.shape() == shape() && to_gradient.shape() == shape(), "[parameter] of shape ", shape(),
           " cannot be bound to a value ", to.shape(), " with a gradient ", to_gradient.shape());
  NN_CHECK(trainable(), "[parameter] a frozen parameter has no gradient to bind");
  NN_CHECK(!copy.defined() || copy.shape() == shape(), "[parameter] of shape ", shape(), " cannot have the copy ",
           copy.shape());
  copy_converted(value(), to);
  value_ = to;
  slot_ = std::make_shared<GradSlot>(to_gradient);
  set_variable(copy.defined() && !options_.vector ? copy : to, true);
  update_copy();
}

void Parameter::convert(DType dtype, Device device) {
  NN_CHECK(dtype == full_precision(dtype), "[parameter] a value is f32 or f64, not ", dtype, ": see compute_in()");
  if (value().dtype() == dtype && value().device() == device) return;
  const bool was_trainable = trainable();
  const Tensor converted = Tensor::empty(shape(), dtype, device);
  copy_converted(value(), converted);
  value_ = converted;
  slot_ = std::make_shared<GradSlot>(shape(), dtype, device);
  set_variable(value_, was_trainable);
}

void Parameter::compute_in(DType dtype) {
  if (variable_.value().dtype() == dtype || options_.vector) return;
  set_variable(dtype == value_.dtype() ? value_ : Tensor::empty(shape(), dtype, value_.device()), trainable());
  update_copy();
}

void Parameter::update_copy() const {
  if (variable_.value().dtype() != value_.dtype()) cast(value_, variable_.value());
}

}  // namespace nn
