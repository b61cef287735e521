#include "nn/ops/conv2d.h"

#include "nn/autograd/tape.h"
#include "nn/kernels/activation.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/fill.h"

namespace nn {
namespace {

ConvPrologue values_of(const Conv2dPrologue& prologue) {
  return {.scale = prologue.scale.value(), .shift = prologue.shift.value(), .relu = prologue.relu};
}

/// dx of conv2d: with z = relu?(scale x + shift) and dz, zero where relu cut off,
///   dx = scale dz      dscale = sum dz x      dshift = sum dz,
/// which is the backward pass of a normalisation by mean 0 and variance 1.
void prologue_backward(const Variable& x, const Conv2dPrologue& prologue, const Tensor& dz) {
  const auto constant = [&](double value) {
    const Tensor vector = Tensor::empty(vector_shape(x.c()), full_precision(x.value().dtype()), x.value().device());
    fill(value, vector);
    return Variable(vector);
  };
  const auto& [scale, shift, relu] = prologue;
  const Normalization normalization{.statistics = {.mean = constant(0), .variance = constant(1)},
                                    .gamma = scale.defined() ? scale : constant(1),
                                    .beta = shift.defined() ? shift : constant(0),
                                    .options = {.epsilon = 0, .relu = relu}};
  normalize_backward(x.value(), dz, parameters_of(normalization), gradient_targets(x, normalization));
}

void input_backward(const Variable& x, const Variable& w, const Tensor& dy, const Conv2dOptions& options) {
  const auto& [scale, shift, relu] = options.prologue;
  if (!scale.defined() && !shift.defined() && !relu) {
    const GradTarget dx = x.gradient_target();
    if (dx.wanted()) conv2d_backward_data(dy, w.value(), options.geometry, dx.gradient, dx.beta);
  } else if (x.requires_grad() || scale.requires_grad() || shift.requires_grad()) {
    const Tensor dz = Tensor::empty(x.shape(), dy.dtype(), dy.device());
    conv2d_backward_data(dy, w.value(), options.geometry, dz, 0);
    prologue_backward(x, options.prologue, dz);
  }
}

void record_backward(const Variable& x, const Variable& w, const Variable& b, const Variable& y,
                     const Conv2dOptions& options) {
  const Variable needed = options.relu ? y : y.gradient_only();
  y.tape()->record("conv2d", [x, w, b = b.gradient_only(), y = needed, options] {
    Tensor dy = y.gradient();
    if (options.relu) {
      const Tensor masked = Tensor::empty(dy.shape(), dy.dtype(), dy.device());
      relu_backward(y.value(), dy, masked, 0);
      dy = masked;
    }
    if (const GradTarget db = b.gradient_target(); db.wanted()) sum_rows(dy, db.gradient, db.beta);
    if (const GradTarget dw = w.gradient_target(); dw.wanted()) {
      conv2d_backward_weights(x.value(), dy, values_of(options.prologue), options.geometry, dw.gradient, dw.beta);
    }
    input_backward(x, w, dy, options);
  });
}

}  // namespace

ConvEpilogue epilogue_for(const char* op, const NormBehind& behind, const Variable& y) {
  ConvEpilogue epilogue;
  const auto& [mean, variance] = behind.statistics;
  if (mean.defined()) {
    Variable::check_output(op, mean, {&y});
    Variable::check_output(op, variance, {&y});
    epilogue.mean = mean.value();
    epilogue.variance = variance.value();
  }
  if (behind.normalization) {
    NN_CHECK(!y.recorded() && !mean.defined(), "[", op, "] normalises its output in inference alone");
    const auto& [scale, shift] = fold(*behind.normalization);
    epilogue.scale = scale;
    epilogue.shift = shift;
    epilogue.relu = behind.normalization->options.relu;
  }
  return epilogue;
}

Variable conv2d(const Variable& x, const Variable& w, const Variable& b, const Conv2dOptions& options) {
  NN_CHECK(!options.add, "[conv2d] adds to an output that is given (conv2d_into)");
  const Variable y = Variable::output(conv2d_output_shape(x.shape(), w.shape(), options.geometry),
                                      {&x, &w, &b, &options.prologue.scale, &options.prologue.shift});
  return conv2d_into(x, w, b, y, options);
}

Variable conv2d_into(const Variable& x, const Variable& w, const Variable& b, const Variable& y,
                     const Conv2dOptions& options) {
  Variable::check_output("conv2d", y, {&x, &w, &b, &options.prologue.scale, &options.prologue.shift});
  ConvEpilogue epilogue = epilogue_for("conv2d", options.behind, y);
  NN_CHECK(!options.relu || !epilogue.scale.defined(),
           "[conv2d] a ReLU between convolution and batch norm is not fused");
  NN_CHECK(!options.add || !y.recorded(), "[conv2d] adds to its output in inference alone");
  epilogue.bias = b.value();
  epilogue.beta = options.add ? 1.0F : 0.0F;
  epilogue.relu = epilogue.relu || options.relu;
  conv2d_forward(x.value(), w.value(), values_of(options.prologue), epilogue, options.geometry, y.value());
  if (y.recorded()) record_backward(x, w, b, y, options);
  if (epilogue.mean.defined()) record_channel_statistics(y, options.behind.statistics);
  return y;
}

}  // namespace nn
