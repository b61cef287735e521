// The innermost part of a matrix product: packed blocks that lie in the caches, tile by tile in registers.
#pragma once

#include <cstdint>

namespace nn::cpu {

/// Longest run of the inner (depth) dimension that is packed at once: a panel of B of 32 columns then fills 36 of the
/// 48 KiB of a first-level cache, and 3x3 convolutions of 32, 64, 96... channels fall into equal runs.
inline constexpr std::int64_t max_depth = 288;

/// Elements of C that stay in registers.
struct TileShape {
  std::int64_t rows, columns;
  std::int64_t vector;  // columns come in multiples of this
};
/// Of the SIMD target in use.
template <class T>
TileShape tile_shape();

/// Depths of PanelOrder::chunks that lie together, rows of PanelOrder::wide.
inline constexpr std::int64_t chunk = 16;

/// How a panel of A (tile.rows rows) lies in memory.
enum class PanelOrder {
  rows,    // row i, depth p at i * max_depth + p: copied from a matrix whose rows run along the depth
  chunks,  // 16 depths at a time, at (p / 16 * tile.rows + i) * 16 + p % 16; the depth is a multiple of 16
  wide,    // panels of 16 rows whatever the tile, at p * 16 + i: the transposed, 16 elements at a time
  depths,  // not packed: at p * a_pitch + i for all rows, the transposed where it lies
};

/// A packed block product: C = A B, or C += A B.
template <class T>
struct Block {
  const T* a;  // panels of tile.rows (PanelOrder::wide: 16) rows
  PanelOrder a_order;
  std::int64_t a_panel;      // elements from the beginning of one panel to the next
  std::int64_t a_pitch = 0;  // of PanelOrder::depths
  const T* b;  // panels of tile.columns columns (the last one as wide as is left): depth p, column j at p * width + j
  T* c;        // row by row, c_pitch apart; has room for full tiles
  std::int64_t c_pitch;
  std::int64_t rows, columns, depth;  // columns: a multiple of tile.vector; depth <= max_depth
  bool add;
};
template <class T>
void multiply_block(const Block<T>& block);

namespace detail {
TileShape simd_tile_shape();
void simd_multiply_block(const Block<float>& block);
}  // namespace detail

}  // namespace nn::cpu
