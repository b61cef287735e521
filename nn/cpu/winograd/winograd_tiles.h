// Winograd's minimal filtering F(m x m, r x r) for convolutions of r x r with stride 1: the transforms between pixels
// and frequencies, as Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015, arXiv:1509.09308),
// have them. An output tile of m x m pixels Y comes from the (m+r-1) x (m+r-1) pixels d that its windows see and the
// filter g:
//
//   Y = A^T [ (G g G^T) . (B^T d B) ] A          . multiplies element by element and is summed over input channels
//
// The elements of the bracket, (m+r-1)^2 of them, are called frequencies. For each frequency the sum over input
// channels is a matrix product, tiles x channels times channels x filters.
#pragma once

#include <cstdint>

#include "nn/cpu/gemm/panels.h"
#include "nn/tensor/tensor.h"

namespace nn::cpu::winograd {

/// F(m x m, r x r), its matrices in winograd_steps-inl.h.
enum class Tiling { f2x2_3x3, f4x4_3x3, f3x3_2x2 };

/// m: pixels of an output tile along one side.
constexpr std::int64_t output_side(Tiling tiling) {
  return tiling == Tiling::f2x2_3x3 ? 2 : tiling == Tiling::f4x4_3x3 ? 4 : 3;
}
/// r
constexpr std::int64_t kernel_side(Tiling tiling) { return tiling == Tiling::f3x3_2x2 ? 2 : 3; }
constexpr std::int64_t frequencies(Tiling tiling) {
  const std::int64_t side = output_side(tiling) + kernel_side(tiling) - 1;
  return side * side;
}

/// Channels that are transformed and stored together; channel counts are padded with zeros to multiples of it.
inline constexpr std::int64_t channel_step = 16;

/// The output tiles of images, in the order of pixels: image by image, line by line.
struct TileGrid {
  TileGrid(const Shape& output, Tiling tiling)
      : count_h((output.h + output_side(tiling) - 1) / output_side(tiling)),
        count_w((output.w + output_side(tiling) - 1) / output_side(tiling)),
        tiles(output.n * count_h * count_w) {}

  std::int64_t count_h, count_w, tiles;
};

/// A tile's place: image n, its first pixel (h, w).
struct Place {
  Place(const TileGrid& grid, std::int64_t tile, std::int64_t side)
      : n(tile / grid.count_w / grid.count_h),
        h(tile / grid.count_w % grid.count_h * side),
        w(tile % grid.count_w * side) {}

  std::int64_t n, h, w;
};

/// One value per frequency for the elements of a matrix in panels: those of frequency f begin at data + f * step.
struct Frequencies {
  float* data;
  std::int64_t step;
  Panels panels;
};

/// Tiles [first, first + count) of a grid.
struct TileRange {
  TileGrid grid;
  std::int64_t first, count;
};

/// The pixels that tiles see: tile (i, j) begins at pixel (i m + first_h, j m + first_w); zeros outside.
struct TileSource {
  const float* data;
  Shape shape;
  std::int64_t pitch;
  std::int64_t first_h = 0, first_w = 0;
  /// z = relu?(x * scale + shift), not applied to the zeros; null: left out.
  const float* scale = nullptr;
  const float* shift = nullptr;
  bool relu = false;
};

/// V = B^T d B. Tile t of the range goes to row `row` + t.
void transform_input(Tiling tiling, const TileSource& source, const TileRange& tiles, const Frequencies& to,
                     std::int64_t row);

/// A dY A^T, the gradient with respect to the bracket.
void transform_output_gradient(Tiling tiling, const TileSource& source, const TileRange& tiles, const Frequencies& to,
                               std::int64_t row);

/// Where output tiles go: y = relu?(tile * scale + shift) + beta y. `maxima`: y is the maximum of each 2x2 pixels of
/// that, from tiles of an even side; those of the last line or column of an odd number are left out. Beta is then 0.
struct TileTarget {
  float* data;
  Shape shape;
  std::int64_t pitch;
  const float* scale = nullptr;
  const float* shift = nullptr;
  bool relu = false;
  float beta = 0;
  bool maxima = false;
};

/// Y = A^T M A for channels [column, column + columns): row t of M and its column 0 are tile t of the range and
/// `column`. M has rows in full: one panel a row.
void transform_output(Tiling tiling, const Frequencies& m, const TileRange& tiles, std::int64_t column,
                      std::int64_t columns, const TileTarget& target);

/// Filters with the taps side by side: tap t (row by row) of depth p, column k lies at
/// data + t * tap_step + p * depth_step + k.
struct FilterSource {
  const float* data;
  std::int64_t tap_step, depth_step;
  std::int64_t depth, columns;
};
/// U = G g G^T for depths [first, first + count) of all columns of `to`; zeros where the source ends.
void transform_filters(Tiling tiling, const FilterSource& source, std::int64_t first, std::int64_t count,
                       const Frequencies& to);

/// dg = G^T dU G + beta dg: row k of dU is filter k, its columns are the input channels.
void transform_filter_gradient(Tiling tiling, const Frequencies& du, std::int64_t first, std::int64_t count,
                               const Tensor& dw, float beta);

}  // namespace nn::cpu::winograd
