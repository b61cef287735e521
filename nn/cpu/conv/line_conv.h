// Convolutions whose patches are not copied: products read the image's lines in place (line_product.h).
#pragma once

#include <cstdint>
#include <vector>

#include "nn/cpu/conv/patches.h"
#include "nn/cpu/gemm/gemm.h"

namespace nn::cpu {

/// True if the patches are better read from lines than copied one by one: windows of several pixels, many on a line,
/// and a result that fills the columns of a tile.
bool reads_lines(const WindowGrid& grid, std::int64_t columns, DType dtype);

/// C = Z B, as conv.cpp's forward and backward_data need it, for a grid of which reads_lines() is true. The writer gets
/// rows in pieces that begin at multiples of line_piece_rows().
struct LineSet {
  WindowGrid grid;
  const PackedMatrix<float>& b;
  const MatrixWriter<float>& c;
};
/// Of one set of windows or several, which then have the same step and as many windows on as many lines.
void multiply_lines_of(const Tensor& image, const ConvPrologue& prologue, const std::vector<LineSet>& sets);
std::int64_t line_piece_rows(const Shape& image, const WindowGrid& grid);

/// True if these sets are better computed together, each line read once for all: their matrices B, of `b_elements` in
/// all, stay in the second-level cache, and their windows lie as LineSet asks.
bool reads_lines_together(const std::vector<WindowGrid>& grids, std::int64_t columns, std::int64_t b_elements,
                          DType dtype);

/// C = Y^T Z, as its backward_weights needs it, for a Y of whole vectors of channels.
void multiply_transposed_lines_of(const Tensor& y, const Tensor& image, const WindowGrid& grid,
                                  const ConvPrologue& prologue, const MatrixWriter<float>& c);

}  // namespace nn::cpu
