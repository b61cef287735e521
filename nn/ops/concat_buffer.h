// One buffer that layers fill from the front and read from: DenseNet without concatenation.
//
//   ConcatBuffer buffer({n, h, w, 64 + 6 * 32}, {&x});
//   average_pool_into(x, buffer.append(64), ...);
//   for each layer: conv2d_into(f(buffer.filled()), w, b, buffer.append(32));
//
// No copies, forward or backward: the gradient of a view is the same view of the buffer's gradient.
#pragma once

#include <initializer_list>
#include <optional>

#include "nn/autograd/variable.h"

namespace nn {

class ConcatBuffer {
 public:
  /// A buffer of `shape`, values undefined; device, tape and, unless given, dtype are those of `inputs` (see
  /// Variable::output).
  ConcatBuffer(Shape shape, std::initializer_list<const Variable*> inputs, std::optional<DType> dtype = {})
      : whole_(Variable::output(shape, inputs, dtype)) {}

  /// The next `channels`, to be written by exactly one op; an error if so many are not left.
  Variable append(std::int64_t channels);
  /// All channels handed out so far: what the next layer reads.
  Variable filled() const;
  DType dtype() const { return whole_.value().dtype(); }
  std::int64_t channels_left() const { return whole_.c() - filled_; }

 private:
  Variable whole_;
  std::int64_t filled_ = 0;
};

}  // namespace nn
