#include "nn/layers/max_pool.h"

#include "nn/ops/pool.h"

namespace nn {

PoolGeometry MaxPool2d::geometry(const Shape& x) const {
  const auto [kernel, stride, padding, ceil, same] = options_;
  return {.kernel_h = kernel,
          .kernel_w = kernel,
          .stride_h = stride,
          .stride_w = stride,
          .padding = same ? same_padding(x.h, x.w, kernel, kernel, stride, stride) : padding,
          .ceil = ceil};
}

Variable MaxPool2d::forward(const Variable& x, const Context& /*context*/) { return max_pool(x, geometry(x.shape())); }

void MaxPool2d::forward_into(const Variable& x, const Variable& y, const Context& /*context*/) {
  max_pool_into(x, geometry(x.shape()), y);
}

}  // namespace nn
