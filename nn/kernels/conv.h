// Two-dimensional convolution (cross-correlation, as every framework means it). Goodfellow et al., section 9.1.
//   y[n,i,j,o] = sum over p,q,k of w[o,p,q,k] * z[n, i*stride_h - top + p, j*stride_w - left + q, k],  z 0 outside x
// x {n,h,w,in}, w {out,kernel_h,kernel_w,in}, y {n,h',w',out} with h' = (h + top + bottom - kernel_h) / stride_h + 1.
//
// Types: x, w, y, their gradients and the bias have one type, f32, f64 (CPU) or bf16 (GPU). All other vectors of the
// prologue and the epilogue and the gradient of w have full_precision of it: f32 where it is bf16.
#pragma once

#include <tuple>

#include "nn/core/kernel.h"
#include "nn/kernels/padding.h"
#include "nn/tensor/tensor.h"

namespace nn {

struct ConvGeometry {
  std::int64_t stride_h = 1, stride_w = 1;
  Padding padding{};
  bool operator==(const ConvGeometry&) const = default;
};

/// The output's shape; an error names what does not fit.
Shape conv2d_output_shape(const Shape& x, const Shape& w, const ConvGeometry& geometry);

/// What the three kernels ask of their tensors (x or its gradient, w or its gradient, y or its gradient): shapes and
/// types that fit, `w_dtype` for w. An error names `kernel`.
void check_conv2d(const char* kernel, const Tensor& x, const Tensor& w, const ConvGeometry& geometry, const Tensor& y,
                  DType w_dtype);

/// What happens to x while it is read: z = relu?(x * scale + shift) per input channel, before the padding's zeros.
/// An undefined tensor is left out. The folded BN + ReLU in front of a convolution.
struct ConvPrologue {
  Tensor scale{}, shift{};  // {1,1,1,in}
  bool relu = false;

  auto tensors() const { return std::tie(scale, shift); }
};

/// What happens to the result while it is written: y = relu?((result + bias) * scale + shift) + beta * y per output
/// channel. An undefined tensor is left out. Scale, shift and ReLU are the folded batch norm behind a convolution.
struct ConvEpilogue {
  Tensor bias{};            // {1,1,1,out}
  Tensor scale{}, shift{};  // {1,1,1,out}
  bool relu = false;
  float beta = 0;
  /// {1,1,1,out}, both or none: overwritten with the channel statistics of y as it is written
  /// (nn/kernels/batch_norm.h).
  Tensor mean{}, variance{};

  auto tensors() const { return std::tie(bias, scale, shift, mean, variance); }
};

extern Kernel<void(const Tensor& x, const Tensor& w, const ConvPrologue& prologue, const ConvEpilogue& epilogue,
                   const ConvGeometry& geometry, const Tensor& y)>
    conv2d_forward;

/// dz = transposed convolution of dy with w, + beta * dz. (The prologue's own derivative is the op's business.)
extern Kernel<void(const Tensor& dy, const Tensor& w, const ConvGeometry& geometry, const Tensor& dz, float beta)>
    conv2d_backward_data;

/// dw = correlation of z = prologue(x) with dy, + beta * dw. dw has w's shape.
extern Kernel<void(const Tensor& x, const Tensor& dy, const ConvPrologue& prologue, const ConvGeometry& geometry,
                   const Tensor& dw, float beta)>
    conv2d_backward_weights;

}  // namespace nn
