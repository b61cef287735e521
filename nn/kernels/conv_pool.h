// A convolution and the maximum pool behind it in one, for inference: the map between them need not lie in memory.
#pragma once

#include "nn/kernels/conv.h"
#include "nn/kernels/pool.h"

namespace nn {

/// y = max_pool_forward of what conv2d_forward gives with this epilogue, to the bit. The epilogue has neither beta nor
/// statistics: nobody sees the map that they would be of.
/// x {n,h,w,in}, w {out,kernel_h,kernel_w,in}, y of the pool's output shape.
extern Kernel<void(const Tensor& x, const Tensor& w, const ConvEpilogue& epilogue, const ConvGeometry& geometry,
                   const PoolGeometry& pool, const Tensor& y)>
    conv2d_max_pool_forward;

/// What the kernel asks of its arguments.
void check_conv2d_max_pool(const Tensor& x, const Tensor& w, const ConvEpilogue& epilogue, const ConvGeometry& geometry,
                           const PoolGeometry& pool, const Tensor& y);
/// The same by the two kernels one after the other, with the map in memory: for a backend that has no better.
void conv2d_max_pool_forward_by_parts(const Tensor& x, const Tensor& w, const ConvEpilogue& epilogue,
                                      const ConvGeometry& geometry, const PoolGeometry& pool, const Tensor& y);

}  // namespace nn
