// A tensor as a slice of a larger buffer whose other elements are canaries: NaN, so that reading one shows in the
// result, and compared bit for bit, so that writing one is found.
#pragma once

#include <cstdint>
#include <string>

#include "nn/tensor/tensor.h"

namespace test {

/// Buffer {n+2, h, w, 3+c+5}; the tensor is images [1, n+1), channels [3, 3+c).
class Framed {
 public:
  /// The slice holds a copy of `values`.
  explicit Framed(const nn::Tensor& values);

  /// Images [1, n+1) with all channels; the tensor is its channels [begin(), end()).
  nn::Tensor wide() const { return buffer_.batch_range(1, buffer_.n() - 1); }
  nn::Tensor inside() const { return wide().channel_range(begin(), end()); }
  std::int64_t begin() const { return 3; }
  std::int64_t end() const { return buffer_.c() - 5; }

  /// Empty if every canary has its bits, else a line that names `what` and the first one harmed, relative to the slice.
  std::string harm(const std::string& what) const;

 private:
  nn::Tensor buffer_, before_;
};

}  // namespace test
