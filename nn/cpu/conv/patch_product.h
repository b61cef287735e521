// The product of an image's patches with a matrix: patches are read from the image's lines where that is better, and
// copied where not.
#pragma once

#include <cstdint>
#include <type_traits>

#include "nn/cpu/conv/line_conv.h"
#include "nn/cpu/conv/patches.h"
#include "nn/cpu/gemm/gemm.h"

namespace nn::cpu {

/// C = Z B, Z the patches of prologue(image).
template <class T>
void multiply_patches(const Tensor& image, const WindowGrid& grid, const ConvPrologue& prologue,
                      const PackedMatrix<T>& b, const MatrixWriter<T>& c) {
  if constexpr (std::is_same_v<T, float>) {
    if (reads_lines(grid, b.columns(), image.dtype())) return multiply_lines_of(image, prologue, {{grid, b, c}});
  }
  multiply<T>(PatchReader<T>(image, grid, prologue), image.n() * grid.count_h * grid.count_w, b, c);
}

/// The writer gets rows in pieces that begin at multiples of this.
template <class T>
std::int64_t patch_piece_rows(const Shape& image, const WindowGrid& grid, std::int64_t columns) {
  if (reads_lines(grid, columns, dtype_of<T>)) return line_piece_rows(image, grid);
  return rows_per_piece<T>(image.n * grid.count_h * grid.count_w, grid.kernel_h * grid.kernel_w * image.c, columns);
}

}  // namespace nn::cpu
