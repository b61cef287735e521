// Launching the maps of channel_map.h.
#pragma once

#include "cuda/launch/channel_map.h"
#include "cuda/launch/dispatch.h"
#include "cuda/launch/launch.cuh"

namespace cuda {

/// out = function(x) + beta * out, with vectors of `width` elements.
template <class T, int width, class Function>
void map_channels(const Function& function, const nn::Tensor& x, const nn::Tensor& out, float beta) {
  const RowSlices slices(x.rows(), x.c(), width);
  launch(ChannelMap<Function, T, width>{slices, function, rows_of<const T>(x), rows_of<T>(out), beta}, slices.blocks());
}

}  // namespace cuda
