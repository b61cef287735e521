// Convolution on a GPU: 1x1 convolutions are matrix products on the tensors where they lie (cuda/gemm/gemm.h), slices
// of channels included; all others are cuDNN's (cuda/conv/convolve.h), on dense tensors.
//
// What moves in memory beside the convolutions themselves: a tensor that cuDNN cannot take in place goes once through
// scratch (cuda/kernels/staging.h), read and written. In DenseNet that is the 32 new maps of each layer, which are
// slices of a block's buffer: y on the way out, dy on the way in, twice. cuDNN takes slices too, but with a workspace
// of exactly one dense copy: the same bytes, with plans that differ for every pitch. A prologue is computed into
// scratch, not fused: cuDNN fuses it in kernels compiled at run time alone, without Hopper's matrix instructions. A
// scale and a shift behind the convolution are folded into weights and bias (cuda/kernels/fold_weights.h).
// tests/traffic counts these passes by their tensors' bytes; what a library does in its workspace is not in it.
#include "nn/kernels/conv.h"
#include "cuda/conv/convolve.h"
#include "cuda/gemm/gemm.h"
#include "cuda/kernels/fold_weights.h"
#include "cuda/kernels/staging.h"
#include "nn/kernels/activation.h"
#include "nn/kernels/batch_norm.h"
#include "nn/kernels/check.h"

namespace cuda {
namespace {

using nn::ConvEpilogue;
using nn::ConvGeometry;
using nn::ConvPrologue;
using nn::DType;
using nn::Shape;
using nn::Tensor;

// Scratch tensors come from the same memory as a Workspace, and go back to it by the same rule
// (cuda/runtime/context.h).
Tensor scratch(const Shape& shape, const Tensor& like) { return Tensor::empty(shape, like.dtype(), like.device()); }

void check_type(const char* kernel, const Tensor& t) {
  NN_CHECK(t.dtype() == DType::f32 || t.dtype() == DType::bf16, "[", kernel, "] computes f32 and bf16 on a GPU, got ",
           t.dtype());
}

bool is_empty(const ConvPrologue& prologue) {
  return !prologue.scale.defined() && !prologue.shift.defined() && !prologue.relu;
}

/// relu?(x * scale + shift): x itself if there is nothing to do.
Tensor normalized(const Tensor& x, const ConvPrologue& prologue) {
  if (is_empty(prologue)) return x;
  Tensor z = scratch(x.shape(), x);
  gather(x, prologue, z);
  return z;
}

Shape computed_shape(const Tensor& image) { return computed_image(image.shape(), image.dtype()); }

/// The tensor as cuDNN takes it: itself, or a dense copy filled up to `shape` with zeros.
Tensor dense(const Tensor& t, const Shape& shape, const ConvPrologue& prologue = {}) {
  if (is_empty(prologue) && t.shape() == shape && is_dense(t, shape.c)) return t;
  Tensor copy = scratch(shape, t);
  gather(t, prologue, copy);
  return copy;
}

/// A bias for `channels`, zeros where there is none.
Tensor dense_bias(const Tensor& bias, std::int64_t channels, const Tensor& like) {
  const Shape shape = nn::vector_shape(channels);
  return bias.defined() ? dense(bias, shape) : Tensor::zeros(shape, like.dtype(), like.device());
}

/// Calls compute(result), where result is `y` if it may be written in place, else scratch of the shape `computed`,
/// which then goes to y: y = result + beta * y.
template <class Compute>
void write(const Tensor& y, bool in_place, const Shape& computed, float beta, const Compute& compute) {
  if (in_place) return compute(y);
  const Tensor result = scratch(computed, y);
  compute(result);
  scatter(result, y, beta);
}

/// y = relu?(conv + bias) + beta y.
void convolve_with_bias(const Tensor& x, const Tensor& w, const ConvPrologue& prologue, const ConvEpilogue& epilogue,
                        const ConvGeometry& geometry, const Tensor& y) {
  const Tensor& bias = epilogue.bias;
  const float beta = epilogue.beta;
  if (is_pointwise(w, geometry)) {
    const Tensor z = normalized(x, prologue);
    const bool fused_relu = epilogue.relu && relu_keeps_nan(y.dtype());
    write(y, beta == 0, y.shape(), beta, [&](const Tensor& to) {
      multiply(forward_product(z, w, bias, fused_relu, 0, to));
      if (epilogue.relu && !fused_relu) nn::relu_forward(to, to);
    });
  } else {
    const Tensor z = dense(x, computed_shape(x), prologue), weights = dense(w, computed_weights(w.shape(), w.dtype()));
    const Shape computed = computed_shape(y);
    const Tensor b = bias.defined() || epilogue.relu ? dense_bias(bias, computed.c, y) : Tensor();
    write(y, beta == 0 && is_dense(y, computed.c), computed, beta,
          [&](const Tensor& to) { convolve_forward(z, weights, b, epilogue.relu, geometry, to); });
  }
}

void forward(const Tensor& x, const Tensor& w, const ConvPrologue& prologue, const ConvEpilogue& epilogue,
             const ConvGeometry& geometry, const Tensor& y) {
  nn::check_conv2d("conv2d_forward", x, w, geometry, y, x.dtype());
  check_type("conv2d_forward", x);
  const auto& [bias, scale, shift, relu, beta, mean, variance] = epilogue;
  NN_CHECK(!bias.defined() || (bias.shape() == nn::vector_shape(y.c()) && bias.dtype() == y.dtype()),
           "[conv2d_forward] expects a bias ", nn::vector_shape(y.c()), " ", y.dtype(), ", got ", bias.shape(), " ",
           bias.dtype());
  for (const Tensor* vector : {&scale, &shift}) {
    if (vector->defined()) nn::check_vector("conv2d_forward", *vector, y);
  }
  NN_CHECK(mean.defined() == variance.defined(),
           "[conv2d_forward] expects mean and variance, or neither; got one of them");
  if (scale.defined() || shift.defined()) {
    const Tensor folded = scratch(w.shape(), w), folded_bias = scratch(nn::vector_shape(y.c()), y);
    fold_weights(w, epilogue, folded, folded_bias);
    convolve_with_bias(x, folded, prologue, {.bias = folded_bias, .relu = relu, .beta = beta}, geometry, y);
  } else {
    convolve_with_bias(x, w, prologue, epilogue, geometry, y);
  }
  if (mean.defined()) nn::channel_statistics_forward(y, mean, variance);
}

void backward_data(const Tensor& dy, const Tensor& w, const ConvGeometry& geometry, const Tensor& dz, float beta) {
  nn::check_conv2d("conv2d_backward_data", dz, w, geometry, dy, dz.dtype());
  check_type("conv2d_backward_data", dz);
  if (is_pointwise(w, geometry)) return multiply(data_gradient_product(dy, w, dz, beta));
  const Tensor gradient = dense(dy, computed_shape(dy)), weights = dense(w, computed_weights(w.shape(), w.dtype()));
  const Shape computed = computed_shape(dz);
  const bool in_place = is_dense(dz, computed.c);
  write(dz, in_place, computed, beta,
        [&](const Tensor& to) { convolve_backward_data(gradient, weights, geometry, to, in_place ? beta : 0); });
}

/// cuDNN has no precompiled kernel that writes an f32 gradient from bf16 (one compiled at run time, untried: the bf16
/// weight gradient followed by an identity to f32). So the gradient, summed in f32, is rounded to bf16 once and then
/// converted and added: no less than mixed precision of other frameworks gives. Matrix products write f32 at once.
void backward_weights(const Tensor& x, const Tensor& dy, const ConvPrologue& prologue, const ConvGeometry& geometry,
                      const Tensor& dw, float beta) {
  nn::check_conv2d("conv2d_backward_weights", x, dw, geometry, dy, nn::full_precision(x.dtype()));
  check_type("conv2d_backward_weights", x);
  if (is_pointwise(dw, geometry)) return multiply(weight_gradient_product(normalized(x, prologue), dy, dw, beta));
  const Tensor z = dense(x, computed_shape(x), prologue), gradient = dense(dy, computed_shape(dy));
  if (dw.dtype() == x.dtype() && is_dense(dw, dw.c())) {
    convolve_backward_weights(z, gradient, geometry, dw, beta);
  } else {
    const Tensor result = scratch(computed_weights(dw.shape(), x.dtype()), x);
    convolve_backward_weights(z, gradient, geometry, result, 0);
    scatter(result, dw, beta);
  }
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(conv2d_forward, Device::cuda, cuda::forward);
NN_FILL_KERNEL(conv2d_backward_data, Device::cuda, cuda::backward_data);
NN_FILL_KERNEL(conv2d_backward_weights, Device::cuda, cuda::backward_weights);

}  // namespace nn
