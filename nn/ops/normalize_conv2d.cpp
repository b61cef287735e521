#include "nn/ops/normalize_conv2d.h"

#include "nn/autograd/tape.h"

namespace nn {
namespace {

Tensor normalized(const Tensor& x, const NormalizeParameters& parameters) {
  Tensor z = Tensor::empty(x.shape(), x.dtype(), x.device());
  normalize_forward(x, parameters, z);
  return z;
}

void backward(const Variable& x, const Normalization& normalization, const Variable& w, const Tensor& dy,
              const ConvGeometry& geometry) {
  const NormalizeParameters parameters = parameters_of(normalization);
  const Tensor z = normalized(x.value(), parameters);
  if (const GradTarget dw = w.gradient_target(); dw.wanted()) {
    conv2d_backward_weights(z, dy, {}, geometry, dw.gradient, dw.beta);
  }
  const Tensor& dz = z;  // z is done with, its memory serves once more
  conv2d_backward_data(dy, w.value(), geometry, dz, 0);
  normalize_backward(x.value(), dz, parameters, gradient_targets(x, normalization));
}

}  // namespace

Variable normalize_conv2d(const Variable& x, const Normalization& normalization, const Variable& w,
                          const ConvGeometry& geometry) {
  const auto& [statistics, gamma, beta, options] = normalization;
  const Variable y = Variable::output(conv2d_output_shape(x.shape(), w.shape(), geometry),
                                      {&x, &statistics.mean, &statistics.variance, &gamma, &beta, &w});
  return normalize_conv2d_into(x, normalization, w, y, geometry);
}

Variable normalize_conv2d_into(const Variable& x, const Normalization& normalization, const Variable& w,
                               const Variable& y, const ConvGeometry& geometry) {
  const auto& [statistics, gamma, beta, options] = normalization;
  Variable::check_output("normalize_conv2d", y, {&x, &statistics.mean, &statistics.variance, &gamma, &beta, &w});
  const auto& [scale, shift] = fold(normalization);
  conv2d_forward(x.value(), w.value(), {.scale = scale, .shift = shift, .relu = options.relu}, {}, geometry, y.value());
  if (y.recorded()) {
    y.tape()->record("normalize_conv2d", [x, normalization, w, y = y.gradient_only(), geometry] {
      backward(x, normalization, w, y.gradient(), geometry);
    });
  }
  return y;
}

}  // namespace nn
