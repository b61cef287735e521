// Maximum and mean over windows and over whole images. Tensors of one type but for argmax, any pitches.
#pragma once

#include <cstdint>

#include "nn/core/kernel.h"
#include "nn/kernels/padding.h"
#include "nn/tensor/tensor.h"

namespace nn {

struct PoolGeometry {
  std::int64_t kernel_h = 2, kernel_w = 2;
  std::int64_t stride_h = 2, stride_w = 2;
  Padding padding{};
  /// h' = ceil((h + top + bottom - kernel_h) / stride_h) + 1 instead of floor: the last window may hang over the edge,
  /// but never starts in the bottom or right padding (PyTorch's rule).
  bool ceil = false;
};

/// {n, h', w', c}; an error names what does not fit.
Shape pool_output_shape(const Shape& x, const PoolGeometry& geometry);

/// What the kernels of windows ask of their tensors (x or its gradient, y or its gradient); an error names `kernel`.
void check_pool(const char* kernel, const Tensor& x, const PoolGeometry& geometry, const Tensor& y);
void check_argmax(const char* kernel, const Tensor& argmax, const PoolGeometry& geometry, const Tensor& y);
/// The same for means over whole images.
void check_global_pool(const char* kernel, const Tensor& x, const Tensor& y);

/// y = the maximum of each window; what lies outside x counts as -infinity. `argmax` has y's shape and is u8, or i32
/// for windows of more than 256: the position kernel_w * p + q in the window; undefined: not wanted, there will be no
/// backward. The first of equal values wins; a NaN wins always.
extern Kernel<void(const Tensor& x, const PoolGeometry& geometry, const Tensor& y, const Tensor& argmax)>
    max_pool_forward;
extern Kernel<void(const Tensor& dy, const Tensor& argmax, const PoolGeometry& geometry, const Tensor& dx, float beta)>
    max_pool_backward;
/// The type of `argmax`.
DType argmax_dtype(const PoolGeometry& geometry);

/// y = the sum of each window over x divided by the window's size: with count_padding the number of its positions
/// within x and its padding (PyTorch's default), otherwise within x alone (Keras' "same").
extern Kernel<void(const Tensor& x, const PoolGeometry& geometry, bool count_padding, const Tensor& y)>
    average_pool_forward;
extern Kernel<void(const Tensor& dy, const PoolGeometry& geometry, bool count_padding, const Tensor& dx, float beta)>
    average_pool_backward;

/// y {n,1,1,c}: the mean over each image.
extern Kernel<void(const Tensor& x, const Tensor& y)> global_average_pool_forward;
/// dx = dy / (h w) + beta * dx, in every pixel.
extern Kernel<void(const Tensor& dy, const Tensor& dx, float beta)> global_average_pool_backward;

}  // namespace nn
