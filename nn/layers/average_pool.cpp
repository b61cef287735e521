#include "nn/layers/average_pool.h"

#include "nn/ops/pool.h"

namespace nn {

Variable AveragePool2d::forward(const Variable& x, const Context& /*context*/) {
  const auto [kernel, stride, padding, ceil, count_padding, same] = options_;
  return average_pool(
      x,
      {.kernel_h = kernel,
       .kernel_w = kernel,
       .stride_h = stride,
       .stride_w = stride,
       .padding = same ? same_padding(x.shape().h, x.shape().w, kernel, kernel, stride, stride) : padding,
       .ceil = ceil},
      count_padding && !same);
}

}  // namespace nn
