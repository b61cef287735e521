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

Parameter::Parameter(Shape shape, ParameterOptions options) : options_(options) {
  const Tensor value = Tensor::zeros(shape);
  slot_ = std::make_shared<GradSlot>(value.shape(), value.dtype(), value.device());
  variable_ = Variable::leaf(value, slot_);
}

Shape Parameter::file_layout() const {
  const Shape& map = options_.flattened_map;
  return map.elements() == 0 ? shape() : Shape{shape().n, map.h, map.w, map.c};
}

void Parameter::set_trainable(bool trainable) {
  variable_ = trainable ? Variable::leaf(value(), slot_) : Variable(value());
}

void Parameter::bind(const Tensor& to, const Tensor& to_gradient) {
  NN_CHECK(to.shape() == shape() && to_gradient.shape() == shape(), "[parameter] of shape ", shape(),
           " cannot be bound to a value ", to.shape(), " with a gradient ", to_gradient.shape());
  NN_CHECK(trainable(), "[parameter] a frozen parameter has no gradient to bind");
  copy_converted(value(), to);
  slot_ = std::make_shared<GradSlot>(to_gradient);
  variable_ = Variable::leaf(to, slot_);
}

void Parameter::convert(DType dtype, Device device) {
  if (value().dtype() == dtype && value().device() == device) return;
  const bool was_trainable = trainable();
  const Tensor converted = Tensor::empty(shape(), dtype, device);
  copy_converted(value(), converted);
  slot_ = std::make_shared<GradSlot>(shape(), dtype, device);
  variable_ = Variable::leaf(converted, slot_);
  set_trainable(was_trainable);
}

}  // namespace nn
