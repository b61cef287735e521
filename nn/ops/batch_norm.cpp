#include "nn/ops/batch_norm.h"

#include "nn/autograd/tape.h"

namespace nn {
namespace {

NormalizeGradient target_of(const Variable& v) {
  const GradTarget target = v.gradient_target();
  return {target.gradient, target.beta};
}

}  // namespace

NormalizeParameters parameters_of(const Normalization& normalization) {
  return {.mean = normalization.statistics.mean.value(),
          .variance = normalization.statistics.variance.value(),
          .gamma = normalization.gamma.value(),
          .shift = normalization.beta.value(),
          .epsilon = normalization.options.epsilon,
          .relu = normalization.options.relu};
}

NormalizeGradients gradient_targets(const Variable& x, const Normalization& normalization) {
  return {.x = target_of(x),
          .mean = target_of(normalization.statistics.mean),
          .variance = target_of(normalization.statistics.variance),
          .gamma = target_of(normalization.gamma),
          .shift = target_of(normalization.beta)};
}

FoldedNormalization fold(const Normalization& normalization) {
  const Tensor& like = normalization.gamma.value();
  FoldedNormalization folded{Tensor::empty(like.shape(), like.dtype(), like.device()),
                             Tensor::empty(like.shape(), like.dtype(), like.device())};
  fold_normalization(parameters_of(normalization), folded.scale, folded.shift);
  return folded;
}

ChannelStatistics room_for_statistics(const Variable& x) {
  const Shape shape = vector_shape(x.c());
  const DType dtype = full_precision(x.value().dtype());
  return {Variable::output(shape, {&x}, dtype), Variable::output(shape, {&x}, dtype)};
}

ChannelStatistics channel_statistics(const Variable& x) {
  ChannelStatistics statistics = room_for_statistics(x);
  channel_statistics_into(x, statistics);
  return statistics;
}

void channel_statistics_into(const Variable& x, const ChannelStatistics& statistics) {
  Variable::check_output("channel_statistics", statistics.mean, {&x});
  Variable::check_output("channel_statistics", statistics.variance, {&x});
  channel_statistics_forward(x.value(), statistics.mean.value(), statistics.variance.value());
  record_channel_statistics(x, statistics);
}

void record_channel_statistics(const Variable& x, const ChannelStatistics& statistics) {
  if (!x.requires_grad() || !statistics.mean.recorded()) return;
  statistics.mean.tape()->record("channel_statistics", [x, statistics] {
    const auto& [mean, variance] = statistics;
    const GradTarget dx = x.gradient_target();
    channel_statistics_backward(x.value(), mean.value(), mean.gradient(), variance.gradient(), dx.gradient, dx.beta);
  });
}

Variable normalize(const Variable& x, const ChannelStatistics& statistics, const Variable& gamma, const Variable& beta,
                   const NormalizeOptions& options) {
  const Variable y = Variable::output(x.shape(), {&x, &statistics.mean, &statistics.variance, &gamma, &beta});
  return normalize_into(x, statistics, gamma, beta, y, options);
}

Variable normalize_into(const Variable& x, const ChannelStatistics& statistics, const Variable& gamma,
                        const Variable& beta, const Variable& y, const NormalizeOptions& options) {
  Variable::check_output("normalize", y, {&x, &statistics.mean, &statistics.variance, &gamma, &beta});
  const Normalization normalization{statistics, gamma, beta, options};
  normalize_forward(x.value(), parameters_of(normalization), y.value());
  if (y.recorded()) {
    y.tape()->record("normalize", [x, normalization, y = y.gradient_only()] {
      normalize_backward(x.value(), y.gradient(), parameters_of(normalization), gradient_targets(x, normalization));
    });
  }
  return y;
}

}  // namespace nn
