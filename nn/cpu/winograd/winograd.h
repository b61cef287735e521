// Convolutions of 3x3 and 2x2 with stride 1 by Winograd's minimal filtering: what the three kernels compute, with fewer
// multiplications. Single precision; bounds of the error are in nn/cpu/winograd/README.md.
#pragma once

#include <functional>
#include <optional>

#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/winograd/winograd_tiles.h"
#include "nn/kernels/conv.h"

namespace nn::cpu::winograd {

/// By which tiles a convolution runs; none: direct (conv_choice.h).
std::optional<Tiling> tiling_for(ConvPass pass, const Tensor& x, const Tensor& w, const ConvGeometry& geometry);

/// Takes tiles that are still frequencies, for transform_output(): ranges of no more tiles than a product's tile has
/// rows, and that begin at a multiple of it. Any thread may call.
using TileOutput =
    std::function<void(const Frequencies& m, const TileRange& tiles, std::int64_t column, std::int64_t columns)>;

void forward(Tiling tiling, const Tensor& x, const Tensor& w, const ConvPrologue& prologue,
             const ConvEpilogue& epilogue, const Padding& padding, const Tensor& y);
/// y = the maximum of each 2x2 pixels of the same, a map of this shape, by tiles of an even side; without statistics.
void forward_max_pool(Tiling tiling, const Tensor& x, const Tensor& w, const ConvEpilogue& epilogue,
                      const Padding& padding, const Shape& map, const Tensor& y);
void backward_data(Tiling tiling, const Tensor& dy, const Tensor& w, const Padding& padding, const Tensor& dz,
                   float beta);
/// The same for a dz of the shape given, its tiles to `output`.
void backward_data(Tiling tiling, const Tensor& dy, const Tensor& w, const Padding& padding, const Shape& dz,
                   const TileOutput& output);
void backward_weights(Tiling tiling, const Tensor& x, const Tensor& dy, const ConvPrologue& prologue,
                      const Padding& padding, const Tensor& dw, float beta);

/// What tiles of a convolution see of x, for forward and backward_weights.
TileSource input_tiles(const Tensor& x, const ConvPrologue& prologue, const Padding& padding);

}  // namespace nn::cpu::winograd
