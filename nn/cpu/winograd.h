// Convolutions of 3x3 with stride 1 by Winograd's minimal filtering: what the three kernels compute, with fewer
// multiplications. Single precision; bounds of the error are in nn/cpu/README.md.
#pragma once

#include "nn/cpu/winograd_tiles.h"
#include "nn/kernels/conv.h"

namespace nn::cpu::winograd {

void forward(TileSize size, const Tensor& x, const Tensor& w, const ConvPrologue& prologue,
             const ConvEpilogue& epilogue, const Padding& padding, const Tensor& y);
void backward_data(TileSize size, const Tensor& dy, const Tensor& w, const Padding& padding, const Tensor& dz,
                   float beta);
void backward_weights(TileSize size, const Tensor& x, const Tensor& dy, const ConvPrologue& prologue,
                      const Padding& padding, const Tensor& dw, float beta);

/// What tiles of a convolution see of x, for forward and backward_weights.
TileSource input_tiles(const Tensor& x, const ConvPrologue& prologue, const Padding& padding);

}  // namespace nn::cpu::winograd
