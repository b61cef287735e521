#include "nn/cpu/gemm/gemm.h"

#include "nn/core/parallel.h"
#include "nn/cpu/gemm/row_product.h"

namespace nn::cpu {
namespace {

// A piece of C, up to 512 columns wide, and the run of B that it meets lie in the second-level cache together.
constexpr std::int64_t most_rows = 112;

/// Rows of A that are packed at once: those of as many tiles as lie in the first-level cache beside a panel of B, which
/// comes from the second once for all of them. 14 with AVX-512; 18 with AVX2, whose panels are half as wide.
template <class T>
std::int64_t rows_at_once() {
  constexpr std::int64_t cache_bytes = 40 << 10;  // of 48 KiB; the rest is for the result
  const TileShape tile = tile_shape<T>();
  const std::int64_t beside_panel = cache_bytes / static_cast<std::int64_t>(sizeof(T)) / max_depth - tile.columns;
  return std::max<std::int64_t>(1, beside_panel / tile.rows) * tile.rows;
}

/// c = the piece of A B, rows c_pitch apart.
template <class T>
void compute(const RowProduct<T>& product, const PackedMatrix<T>& b, const Piece& piece, T* packed_rows, T* c) {
  const TileShape tile = tile_shape<T>();
  const DepthRuns runs(b.depth());
  const auto pack = [&](std::int64_t run, std::int64_t row, std::int64_t rows) {
    product.a.read(piece.row + row, rows, runs.begin(run), runs.length(run), packed_rows, max_depth);
  };
  const auto multiply = [&](std::int64_t run, std::int64_t row, std::int64_t rows, std::int64_t column,
                            std::int64_t columns) {
    multiply_block<T>({.a = packed_rows,
                       .a_order = PanelOrder::rows,
                       .a_panel = max_depth * tile.rows,
                       .b = b.block(runs.begin(run), runs.length(run), piece.column + column),
                       .c = c + row * product.c_pitch + column,
                       .c_pitch = product.c_pitch,
                       .rows = rows,
                       .columns = round_up(columns, tile.vector),
                       .depth = runs.length(run),
                       .add = run > 0});
  };
  compute_piece(product, runs, piece, c, pack, multiply);
}

}  // namespace

template <class T>
std::int64_t rows_per_piece(std::int64_t rows, std::int64_t depth, std::int64_t columns) {
  const std::int64_t unit = rows_at_once<T>();
  // Of few rows smaller pieces, which threads share more evenly, if that does not have a large B read more often.
  constexpr std::int64_t large = std::int64_t{1} << 17U;
  const std::int64_t share = depth * columns > large ? most_rows : rows / (2 * wanted_pieces);
  const std::int64_t units = std::clamp<std::int64_t>(share / unit, 1, most_rows / unit);
  return std::min(round_up(rows, tile_shape<T>().rows), units * unit);
}

template <class T>
void multiply(const MatrixReader<T>& a, std::int64_t rows, const PackedMatrix<T>& b, const MatrixWriter<T>& c) {
  const TileShape tile = tile_shape<T>();
  const Cut cut = cut_by_rows(rows, b.columns(), rows_per_piece<T>(rows, b.depth(), b.columns()));
  // Or more where they are short.
  const std::int64_t run = std::max<std::int64_t>(1, std::min(b.depth(), max_depth));
  const RowProduct<T> product{.a = a,
                              .c = c,
                              .rows_at_once = std::min(max_depth / run * rows_at_once<T>(), cut.row_step),
                              .panel = tile.columns,
                              .c_pitch = cut.pitch(tile),
                              .from_memory = rows * (b.depth() + b.columns()) > most_cached};
  const std::int64_t pieces_at_once = std::max<std::int64_t>(1, cut.pieces() / 64);
  parallel_for(0, cut.pieces(), pieces_at_once, [&](std::int64_t first, std::int64_t last) {
    const Tensor packed_rows = scratch<T>(round_up(product.rows_at_once, tile.rows) * max_depth);
    const Tensor block = scratch<T>(cut.row_step * product.c_pitch);
    for (std::int64_t i = first; i < last; ++i) {
      const Piece piece = cut.piece(i);
      compute(product, b, piece, packed_rows.data<T>(), block.data<T>());
      c.write(piece.row, piece.rows, piece.column, piece.columns, block.data<T>(), product.c_pitch);
    }
  });
}

template std::int64_t rows_per_piece<float>(std::int64_t, std::int64_t, std::int64_t);
template std::int64_t rows_per_piece<double>(std::int64_t, std::int64_t, std::int64_t);
template void multiply(const MatrixReader<float>&, std::int64_t, const PackedMatrix<float>&,
                       const MatrixWriter<float>&);
template void multiply(const MatrixReader<double>&, std::int64_t, const PackedMatrix<double>&,
                       const MatrixWriter<double>&);

}  // namespace nn::cpu
