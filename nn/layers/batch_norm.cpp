#include "nn/layers/batch_norm.h"

#include "nn/kernels/batch_norm.h"
#include "nn/kernels/fill.h"
#include "nn/ops/batch_norm.h"

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
      weight_(add_parameter("weight", vector_shape(channels), {.initializer = init::ones, .weight_decay = false})),
      bias_(add_parameter("bias", vector_shape(channels), {.weight_decay = false})),
      running_mean_(add_buffer("running_mean", filled(channels, 0))),
      running_variance_(add_buffer("running_var", filled(channels, 1))) {}

Variable BatchNorm2d::forward(const Variable& x, const Context& context) {
  ChannelStatistics statistics;
  if (context.batch_statistics()) {
    const std::int64_t rows = x.value().rows();
    NN_CHECK(rows > 1, "[", path(), "] batch norm cannot train on one pixel of one image; a larger batch or size can");
    statistics = channel_statistics(x);
    update_running_statistics(statistics.mean.value(), statistics.variance.value(), rows, options_.momentum,
                              running_mean_, running_variance_);
  } else {
    statistics = {Variable(running_mean_), Variable(running_variance_)};
  }
  return normalize(x, statistics, weight_.variable(), bias_.variable(),
                   {.epsilon = options_.epsilon, .relu = options_.relu});
}

}  // namespace nn
