#include "nn/kernels/fill.h"

#include "nn/kernels/check.h"

namespace nn {

void check_copy_if(const Tensor& flag, const Tensor& x, const Tensor& y) {
  check_same("copy_if", x, y);
  NN_CHECK(x.dtype() == DType::f32 || x.dtype() == DType::f64, "[copy_if] expects f32 or f64, got ", x.dtype());
  NN_CHECK(x.contiguous() && y.contiguous(), "[copy_if] expects contiguous tensors");
  NN_CHECK(flag.elements() == 1, "[copy_if] the flag is one number, got ", flag.shape());
}

}  // namespace nn
