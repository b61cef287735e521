#include "nn/ops/normalize_conv2d.h"

#include "nn/autograd/tape.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/normalize_conv.h"

namespace nn {
namespace {

void backward(const Variable& x, const Normalization& normalization, const Variable& w, const Tensor& dy,
              const ConvGeometry& geometry) {
  const GradTarget dw = w.gradient_target();
  normalize_conv2d_backward(x.value(), parameters_of(normalization), w.value(), dy, geometry,
                            gradient_targets(x, normalization), dw.gradient, dw.beta);
}

}  // namespace

Variable normalize_conv2d(const Variable& x, const Normalization& normalization, const Variable& w,
                          const ConvGeometry& geometry, const NormBehind& behind) {
  const auto& [statistics, gamma, beta, options] = normalization;
  const Variable y = Variable::output(conv2d_output_shape(x.shape(), w.shape(), geometry),
                                      {&x, &statistics.mean, &statistics.variance, &gamma, &beta, &w});
  return normalize_conv2d_into(x, normalization, w, y, geometry, behind);
}

Variable normalize_conv2d_into(const Variable& x, const Normalization& normalization, const Variable& w,
                               const Variable& y, const ConvGeometry& geometry, const NormBehind& behind,
                               const Variable& skip) {
  const auto& [statistics, gamma, beta, options] = normalization;
  Variable::check_output("normalize_conv2d", y, {&x, &statistics.mean, &statistics.variance, &gamma, &beta, &w, &skip});
  ConvEpilogue epilogue = epilogue_for("normalize_conv2d", behind, y);
  if (skip.defined()) {
    accumulate(skip.value(), y.value(), 0);
    epilogue.beta = 1;
  }
  const auto& [scale, shift] = fold(normalization);
  conv2d_forward(x.value(), w.value(), {.scale = scale, .shift = shift, .relu = options.relu}, epilogue, geometry,
                 y.value());
  if (y.recorded()) {
    y.tape()->record("normalize_conv2d",
                     [x, normalization, w, y = y.gradient_only(), geometry, skip = skip.gradient_only()] {
                       const GradTarget dskip = skip.gradient_target();
                       if (dskip.wanted()) accumulate(y.gradient(), dskip.gradient, dskip.beta);
                       backward(x, normalization, w, y.gradient(), geometry);
                     });
  }
  if (epilogue.mean.defined()) record_channel_statistics(y, behind.statistics);
  return y;
}

}  // namespace nn
