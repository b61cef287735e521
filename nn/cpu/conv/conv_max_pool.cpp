// A convolution and the maximum pool behind it. By minimal filtering a tile is pooled while it is in registers, if it
// is 2x2 by steps of 2 and tiles have an even side; other convolutions write their map and pool it.
#include "nn/cpu/conv/conv_vectors.h"
#include "nn/cpu/winograd/winograd.h"
#include "nn/kernels/conv_pool.h"

namespace nn {
namespace cpu {
namespace {

/// Whether y is the maximum of each 2x2 pixels of `map`, none of which lie in two tiles.
bool pools_within_tiles(winograd::Tiling tiling, const Shape& map, const PoolGeometry& pool, const Shape& y) {
  const auto& [kernel_h, kernel_w, stride_h, stride_w, padding, ceil] = pool;
  return winograd::output_side(tiling) % 2 == 0 && kernel_h == 2 && kernel_w == 2 && stride_h == 2 && stride_w == 2 &&
         padding.top == 0 && padding.left == 0 && y.h == map.h / 2 && y.w == map.w / 2;
}

void conv2d_max_pool_forward(const Tensor& x, const Tensor& w, const ConvEpilogue& epilogue,
                             const ConvGeometry& geometry, const PoolGeometry& pool, const Tensor& y) {
  check_conv2d_max_pool(x, w, epilogue, geometry, pool, y);
  check_vectors("conv2d_max_pool_forward", {&epilogue.bias, &epilogue.scale, &epilogue.shift}, y);
  const Shape map = conv2d_output_shape(x.shape(), w.shape(), geometry);
  const auto tiling = winograd::tiling_for(ConvPass::forward, x, w, geometry);
  if (!tiling || !pools_within_tiles(*tiling, map, pool, y.shape())) {
    return conv2d_max_pool_forward_by_parts(x, w, epilogue, geometry, pool, y);
  }
  winograd::forward_max_pool(*tiling, x, w, with_bias_in_shift(epilogue), geometry.padding, map, y);
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(conv2d_max_pool_forward, cpu::conv2d_max_pool_forward);

}  // namespace nn
