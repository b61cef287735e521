#include "nn/layers/batch_norm.h"

#include "nn/kernels/batch_norm.h"
#include "nn/kernels/fill.h"

namespace nn {
namespace {

Tensor filled(std::int64_t channels, double value) {
  Tensor t = Tensor::empty(vector_shape(channels));
  fill(value, t);
  return t;
}

}  // namespace

BatchNorm2d::BatchNorm2d(std::int64_t channels) : BatchNorm2d(channels, Options{}) {}

BatchNorm2d::BatchNorm2d(std::int64_t channels, Options options)
    : options_(options),
      weight_(add_parameter("weight", vector_shape(channels),
                            {.initializer = init::ones, .weight_decay = false, .vector = true})),
      bias_(add_parameter("bias", vector_shape(channels), {.weight_decay = false, .vector = true})),
      running_mean_(add_buffer("running_mean", filled(channels, 0))),
      running_variance_(add_buffer("running_var", filled(channels, 1))) {}

Variable BatchNorm2d::forward(const Variable& x, const Context& context) {
  return normalized(x, context.batch_statistics() ? channel_statistics(x) : ChannelStatistics{}, context);
}

Variable BatchNorm2d::with_statistics(const Variable& x, const ChannelStatistics& of_batch, const Context& context) {
  Variable y = normalized(x, of_batch, context);
  tell_observer(x.shape(), y.shape(), context);
  return y;
}

Normalization BatchNorm2d::normalization(const Variable& x, const ChannelStatistics& of_batch, const Context& context) {
  Normalization result{.statistics = of_batch,
                       .gamma = weight_.variable(),
                       .beta = bias_.variable(),
                       .options = {.epsilon = options_.epsilon, .relu = options_.relu}};
  if (context.batch_statistics()) {
    const std::int64_t rows = x.value().rows();
    NN_CHECK(rows > 1, "[", path(), "] batch norm cannot train on one pixel of one image; a larger batch or size can");
    update_running_statistics(of_batch.mean.value(), of_batch.variance.value(), rows, options_.momentum, running_mean_,
                              running_variance_);
  } else {
    result.statistics = {Variable(running_mean_), Variable(running_variance_)};
  }
  return result;
}

Variable BatchNorm2d::normalized(const Variable& x, const ChannelStatistics& of_batch, const Context& context) {
  const auto [statistics, gamma, beta, options] = normalization(x, of_batch, context);
  return normalize(x, statistics, gamma, beta, options);
}

}  // namespace nn
