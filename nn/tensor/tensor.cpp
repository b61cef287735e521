#include "nn/tensor/tensor.h"

#include <cstring>

#include "nn/tensor/copy.h"

namespace nn {

Tensor Tensor::allocated(Shape shape, DType dtype, Device device, Allocator& allocator) {
  NN_CHECK(shape.n > 0 && shape.h > 0 && shape.w > 0 && shape.c > 0, "[tensor] every extent must be positive, got ",
           shape);
  // In double, because the product of absurd extents would overflow an integer and come out small.
  const double elements = static_cast<double>(shape.n) * static_cast<double>(shape.h) * static_cast<double>(shape.w) *
                          static_cast<double>(shape.c);
  NN_CHECK(elements < 0x1p46, "[tensor] ", shape, " is larger than any memory");
  Tensor t;
  t.storage_ =
      std::make_shared<Storage>(static_cast<std::size_t>(shape.elements()) * size_of(dtype), device, allocator);
  t.shape_ = shape;
  t.pitch_ = shape.c;
  t.dtype_ = dtype;
  return t;
}

Tensor Tensor::empty(Shape shape, DType dtype, Device device) {
  return allocated(shape, dtype, device, allocator(device));
}

Tensor Tensor::pinned(Shape shape, DType dtype) { return allocated(shape, dtype, Device::cpu, pinned_allocator()); }

Tensor Tensor::zeros(Shape shape, DType dtype, Device device) {
  Tensor t = empty(shape, dtype, device);
  clear_bytes(t.raw(), t.storage_->bytes(), device);
  return t;
}

void* Tensor::raw() const {
  NN_CHECK(defined(), "[tensor] the tensor is not defined");
  return static_cast<char*>(storage_->data()) + offset_ * static_cast<std::int64_t>(size_of(dtype_));
}

Tensor Tensor::channel_range(std::int64_t begin, std::int64_t end) const {
  NN_CHECK(0 <= begin && begin < end && end <= c(), "[channel_range] [", begin, ", ", end, ") of ", c(), " channels");
  Tensor view = *this;
  view.offset_ += begin;
  view.shape_.c = end - begin;
  return view;
}

Tensor Tensor::batch_range(std::int64_t begin, std::int64_t end) const {
  NN_CHECK(0 <= begin && begin < end && end <= n(), "[batch_range] [", begin, ", ", end, ") of ", n(), " images");
  Tensor view = *this;
  view.offset_ += begin * h() * w() * pitch_;
  view.shape_.n = end - begin;
  return view;
}

Tensor Tensor::reshape(Shape shape) const {
  NN_CHECK(shape.elements() == elements(), "[reshape] ", shape_, " has ", elements(), " elements, ", shape, " has ",
           shape.elements());
  NN_CHECK(contiguous() || shape.c == c(), "[reshape] a slice of channels keeps its c: from ", shape_, " to ", shape);
  Tensor view = *this;
  view.shape_ = shape;
  if (shape.c != c()) view.pitch_ = shape.c;
  return view;
}

Tensor Tensor::without_memory() const {
  Tensor shell = *this;
  shell.storage_.reset();
  return shell;
}

Tensor Tensor::flat_range(std::int64_t offset, Shape shape) const {
  NN_CHECK(contiguous(), "[flat_range] the buffer must be contiguous");
  NN_CHECK(0 <= offset && offset + shape.elements() <= elements(), "[flat_range] ", shape, " at ", offset,
           " is outside a buffer of ", elements());
  Tensor view = *this;
  view.offset_ += offset;
  view.shape_ = shape;
  view.pitch_ = shape.c;
  return view;
}

double Tensor::item() const {
  NN_CHECK(elements() == 1, "[item] expects one element, shape is ", shape_);
  const Tensor host = to_device(*this, Device::cpu);
  return dtype_ == DType::f64 ? *host.data<double>() : static_cast<double>(*host.data<float>());
}

}  // namespace nn
