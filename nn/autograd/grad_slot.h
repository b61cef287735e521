// Where the gradient of one buffer gathers.
#pragma once

#include <cstdint>

#include "nn/tensor/tensor.h"

namespace nn {

/// Where a backward kernel writes, and how: beta 0 overwrites, beta 1 adds (as in BLAS). Nobody guesses.
struct GradTarget {
  Tensor gradient;  // undefined: no gradient is wanted
  float beta = 0;

  bool wanted() const { return gradient.defined(); }
};

class GradSlot {
 public:
  /// For a computed value: memory is taken at the first touch.
  GradSlot(Shape shape, DType dtype, Device device) : shape_(shape), dtype_(dtype), device_(device) {}
  /// For a parameter: the gradient lives in `buffer`, a piece of the flat gradient buffer.
  explicit GradSlot(const Tensor& buffer)
      : shape_(buffer.shape()), dtype_(buffer.dtype()), device_(buffer.device()), gradient_(buffer) {}

  /// The next writer of channels [begin, end). The first touch overwrites if it covers the whole buffer; otherwise the
  /// buffer is cleared once and added to. Ask for one target, write it, then ask for the next.
  GradTarget target(std::int64_t begin, std::int64_t end);

  /// The gradient gathered so far; zeros if nobody has written.
  Tensor gradient();
  bool written() const { return written_; }
  /// The next touch starts anew.
  void clear() { written_ = false; }

 private:
  void clear_memory();

  Shape shape_;
  DType dtype_;
  Device device_;
  Tensor gradient_;
  bool written_ = false;
};

}  // namespace nn
