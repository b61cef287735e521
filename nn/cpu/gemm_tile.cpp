#include "nn/cpu/gemm_tile.h"

#include <Eigen/Core>

#include "nn/cpu/simd_target.h"

namespace nn::cpu {
namespace {

// Eigen wants larger pieces than a register tile: it packs and tiles again within.
constexpr TileShape eigen_tile_shape{.rows = 56, .columns = 64, .vector = 1};

/// The same product by Eigen: double precision, CPUs without a target of ours, and the reference for both.
template <class T>
void eigen_multiply_block(const Block<T>& block) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Transposed = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;
  using Stride = Eigen::OuterStride<>;
  constexpr TileShape tile = eigen_tile_shape;
  for (std::int64_t j = 0; j < block.columns; j += tile.columns) {
    const std::int64_t width = std::min(tile.columns, block.columns - j);
    const Eigen::Map<const Matrix> b(block.b + j * block.depth, block.depth, width);
    const bool in_place = block.a_order == PanelOrder::depths;
    const std::int64_t panel_rows = block.a_order == PanelOrder::wide ? chunk : tile.rows;
    const std::int64_t panel_step = in_place ? tile.rows : block.a_panel,
                       depth_step = in_place ? block.a_pitch : panel_rows;
    for (std::int64_t i = 0; i < block.rows; i += panel_rows) {
      const std::int64_t height = std::min(panel_rows, block.rows - i);
      Eigen::Map<Matrix, 0, Stride> c(block.c + i * block.c_pitch + j, height, width, Stride(block.c_pitch));
      if (!block.add) c.setZero();
      const T* panel = block.a + i / panel_rows * panel_step;
      if (block.a_order == PanelOrder::rows) {
        c.noalias() += Eigen::Map<const Matrix, 0, Stride>(panel, height, block.depth, Stride(max_depth)) * b;
      } else if (block.a_order == PanelOrder::chunks) {
        for (std::int64_t p = 0; p < block.depth; p += chunk, panel += tile.rows * chunk) {
          c.noalias() +=
              Eigen::Map<const Matrix, 0, Stride>(panel, height, chunk, Stride(chunk)) * b.middleRows(p, chunk);
        }
      } else {
        c.noalias() += Eigen::Map<const Transposed, 0, Stride>(panel, height, block.depth, Stride(depth_step)) * b;
      }
    }
  }
}

}  // namespace

template <>
TileShape tile_shape<float>() {
  return simd_target_is_baseline() ? eigen_tile_shape : detail::simd_tile_shape();
}
template <>
TileShape tile_shape<double>() {
  return eigen_tile_shape;
}

template <>
void multiply_block(const Block<float>& block) {
  simd_target_is_baseline() ? eigen_multiply_block(block) : detail::simd_multiply_block(block);
}
template <>
void multiply_block(const Block<double>& block) {
  eigen_multiply_block(block);
}

}  // namespace nn::cpu
