#include "nn/cpu/gemm/gemm_tile.h"

#include <Eigen/Core>
#include <array>

#include "nn/cpu/target/simd_target.h"

namespace nn::cpu {
namespace {

// Eigen wants larger pieces than a register tile: it packs and tiles again within.
constexpr TileShape eigen_tile_shape{.rows = 56, .columns = 64, .vector = 1};

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Transposed = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;
using Stride = Eigen::OuterStride<>;

/// c += a b, each row with the bits that it has beside any others, so that an image's do not depend on the rest of its
/// batch. Eigen adds up in one order where four rows go together and in others where fewer are left, where there is
/// one row or column, and where rows, columns and depth are few: those rows are filled up to four, and where there are
/// few columns and depths no product of Eigen's is taken.
template <class T, class Left>
void add_product(const Left& a, const Eigen::Map<const Matrix<T>>& b, Eigen::Map<Matrix<T>, 0, Stride>& c) {
  constexpr Eigen::Index together = 4;
  if (b.cols() == 1 || b.cols() + b.rows() < EIGEN_GEMM_TO_COEFFBASED_THRESHOLD) {
    for (Eigen::Index i = 0; i < a.rows(); ++i) {
      for (Eigen::Index p = 0; p < b.rows(); ++p) c.row(i) += a(i, p) * b.row(p);
    }
    return;
  }
  const Eigen::Index left_over = a.rows() % together, whole = a.rows() - left_over;
  if (whole > 0) c.topRows(whole).noalias() += a.topRows(whole) * b;
  if (left_over == 0) return;
  std::array<T, together * max_depth> rows{};
  std::array<T, together * eigen_tile_shape.columns> sums;
  Eigen::Map<Matrix<T>> padded(rows.data(), together, b.rows()), product(sums.data(), together, b.cols());
  padded.topRows(left_over) = a.bottomRows(left_over);
  product.noalias() = padded * b;
  c.bottomRows(left_over) += product.topRows(left_over);
}

/// The same product by Eigen: double precision, CPUs without a target of ours, and the reference for both.
template <class T>
void eigen_multiply_block(const Block<T>& block) {
  constexpr TileShape tile = eigen_tile_shape;
  for (std::int64_t j = 0; j < block.columns; j += tile.columns) {
    const std::int64_t width = std::min(tile.columns, block.columns - j);
    const Eigen::Map<const Matrix<T>> b(block.b + j * block.depth, block.depth, width);
    const bool in_place = block.a_order == PanelOrder::depths;
    const std::int64_t panel_rows = block.a_order == PanelOrder::wide ? chunk : tile.rows;
    const std::int64_t panel_step = in_place ? tile.rows : block.a_panel,
                       depth_step = in_place ? block.a_pitch : panel_rows;
    for (std::int64_t i = 0; i < block.rows; i += panel_rows) {
      const std::int64_t height = std::min(panel_rows, block.rows - i);
      Eigen::Map<Matrix<T>, 0, Stride> c(block.c + i * block.c_pitch + j, height, width, Stride(block.c_pitch));
      if (!block.add) c.setZero();
      const T* panel = block.a + i / panel_rows * panel_step;
      if (block.a_order == PanelOrder::rows) {
        add_product<T>(Eigen::Map<const Matrix<T>, 0, Stride>(panel, height, block.depth, Stride(max_depth)), b, c);
      } else if (block.a_order == PanelOrder::chunks) {
        for (std::int64_t p = 0; p < block.depth; p += chunk, panel += tile.rows * chunk) {
          const Eigen::Map<const Matrix<T>> b_chunk(b.data() + p * width, chunk, width);
          add_product<T>(Eigen::Map<const Matrix<T>, 0, Stride>(panel, height, chunk, Stride(chunk)), b_chunk, c);
        }
      } else {
        add_product<T>(Eigen::Map<const Transposed<T>, 0, Stride>(panel, height, block.depth, Stride(depth_step)), b,
                       c);
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
