#include "nn/layers/conv_pool.h"

#include "nn/layers/conv_chain.h"
#include "nn/ops/conv_pool.h"

namespace nn {
namespace {

/// In inference; `norm` may be null.
Variable in_one(Conv2d& conv, BatchNorm2d* norm, MaxPool2d& pool, const Variable& x, const Context& context) {
  const Shape map = conv.output_shape(x.shape());
  Conv2dOptions options{.geometry = conv.geometry(), .relu = conv.relu()};
  if (norm != nullptr) options.behind.normalization = norm->normalization(x, {}, context);
  Variable y = conv2d_max_pool(x, conv.weight(), conv.bias(), options, pool.geometry(map));
  conv.tell_observer(x.shape(), map, context, true);
  if (norm != nullptr) norm->tell_observer(map, map, context, true);
  pool.tell_observer(map, y.shape(), context);
  return y;
}

}  // namespace

Variable conv_pool(Conv2d& conv, MaxPool2d& pool, const Variable& x, const Context& context) {
  if (only_infers(x, context)) return in_one(conv, nullptr, pool, x, context);
  return pool(conv(x, context), context);
}

Variable conv_norm_pool(Conv2d& conv, BatchNorm2d& norm, MaxPool2d& pool, const Variable& x, const Context& context) {
  if (only_infers(x, context)) return in_one(conv, &norm, pool, x, context);
  return pool(conv_norm(conv, norm, x, context), context);
}

}  // namespace nn
