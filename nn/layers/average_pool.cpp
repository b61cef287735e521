#include "nn/layers/average_pool.h"

#include "nn/ops/pool.h"

namespace nn {

Variable AveragePool2d::forward(const Variable& x, const Context& /*context*/) {
  const PoolGeometry geometry{.kernel_h = options_.kernel,
                              .kernel_w = options_.kernel,
                              .stride_h = options_.stride,
                              .stride_w = options_.stride,
                              .padding = options_.padding,
                              .ceil = options_.ceil};
  return average_pool(x, geometry, options_.count_padding);
}

}  // namespace nn
