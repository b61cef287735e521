// A tensor is rows of pixels: n x h x w pixels of c channels (NHWC) and one stride, `pitch`, in elements from a pixel
// to the next. A slice of channels is a tensor with a pitch wider than its c; so a layer can write into part of a
// buffer.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "nn/core/device.h"
#include "nn/core/dtype.h"
#include "nn/core/error.h"
#include "nn/core/shape.h"
#include "nn/tensor/storage.h"

namespace nn {

/// A handle: copying shares the data. It does no arithmetic and has never heard of gradients.
class Tensor {
 public:
  /// Undefined: stands for an argument that is not given.
  Tensor() = default;

  /// Contiguous (pitch == c), values undefined.
  static Tensor empty(Shape shape, DType dtype = DType::f32, Device device = Device::cpu);
  static Tensor zeros(Shape shape, DType dtype = DType::f32, Device device = Device::cpu);
  /// On the CPU, in page-locked memory if there is a device that copies it faster (pinned_allocator).
  static Tensor pinned(Shape shape, DType dtype = DType::f32);
  /// Contiguous copy of `values` on the CPU; as many as the shape has elements.
  template <class T>
  static Tensor from(Shape shape, std::span<const T> values);
  template <class T>
  static Tensor from(Shape shape, std::initializer_list<T> values) {
    return from(shape, std::span<const T>(values.begin(), values.size()));
  }

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  std::int64_t n() const { return shape_.n; }
  std::int64_t h() const { return shape_.h; }
  std::int64_t w() const { return shape_.w; }
  std::int64_t c() const { return shape_.c; }
  std::int64_t rows() const { return shape_.rows(); }
  std::int64_t elements() const { return shape_.elements(); }
  /// Elements from one pixel to the next; >= c.
  std::int64_t pitch() const { return pitch_; }
  bool contiguous() const { return pitch_ == shape_.c || rows() == 1; }
  DType dtype() const { return dtype_; }
  Device device() const { return storage_ ? storage_->device() : Device::cpu; }

  /// First element; an error if T is not the dtype. Memory of the tensor's device.
  template <class T>
  T* data() const {
    NN_CHECK(dtype_of<T> == dtype_, "[tensor] data asked for as ", name(dtype_of<T>), ", is ", name(dtype_));
    return static_cast<T*>(raw());
  }
  /// First channel of pixel `row`.
  template <class T>
  T* row(std::int64_t row) const {
    return data<T>() + row * pitch_;
  }
  void* raw() const;
  /// Of the memory that this is a view of (nn/tensor/storage.h).
  template <class T>
  T& companion() const {
    NN_CHECK(defined(), "[tensor] the tensor is not defined");
    return storage_->companion<T>();
  }

  /// Channels [begin, end) of every pixel: a view.
  Tensor channel_range(std::int64_t begin, std::int64_t end) const;
  /// Images [begin, end): a view. For data; gradients do not flow through it.
  Tensor batch_range(std::int64_t begin, std::int64_t end) const;
  /// The same elements in another shape: a view. Either the tensor is contiguous, or c stays.
  Tensor reshape(Shape shape) const;
  /// The shape and type alone, an undefined tensor that keeps no memory alive.
  Tensor without_memory() const;
  /// True if both are views of one block of memory.
  bool shares_storage(const Tensor& other) const { return storage_ == other.storage_; }
  /// `elements` of this contiguous tensor from element `offset` on, as `shape`: how flat buffers hand out parameters.
  Tensor flat_range(std::int64_t offset, Shape shape) const;

  /// The values in row order, from the CPU.
  template <class T>
  std::vector<T> to_vector() const;
  /// The value of a tensor of one element, f32 or f64, from any device.
  double item() const;

 private:
  static Tensor allocated(Shape shape, DType dtype, Device device, Allocator& allocator);

  std::shared_ptr<Storage> storage_;
  std::int64_t offset_ = 0;  // elements from the start of the storage
  Shape shape_{0, 0, 0, 0};
  std::int64_t pitch_ = 0;
  DType dtype_ = DType::f32;
};

template <class T>
Tensor Tensor::from(Shape shape, std::span<const T> values) {
  NN_CHECK(static_cast<std::int64_t>(values.size()) == shape.elements(), "[tensor] shape ", shape, " has ",
           shape.elements(), " elements, ", values.size(), " values given");
  Tensor t = empty(shape, dtype_of<T>);
  T* out = t.data<T>();
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return t;
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  NN_CHECK(device() == Device::cpu, "[tensor] to_vector reads the CPU, the tensor is on ", device());
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(elements()));
  for (std::int64_t r = 0; r < rows(); ++r) values.insert(values.end(), row<T>(r), row<T>(r) + c());
  return values;
}

}  // namespace nn
