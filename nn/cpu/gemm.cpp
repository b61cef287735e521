#include "nn/cpu/gemm.h"

#include "nn/core/parallel.h"
#include "nn/cpu/blocking.h"

namespace nn::cpu {
namespace {

// A piece of C (rows x columns) and the run of B that it meets lie in the second-level cache together.
constexpr std::int64_t most_rows = 112;
constexpr std::int64_t most_columns = 512, fewest_columns = 128;

template <class T>
Cut cut_by_rows(std::int64_t rows, std::int64_t columns) {
  Cut cut{.rows = rows, .columns = columns, .row_step = rows_per_piece<T>(rows), .column_step = most_columns};
  while (cut.column_step > fewest_columns && cut.pieces() < wanted_pieces) cut.column_step /= 2;
  return cut;
}

/// c = the piece of A B, rows c_pitch apart. Some rows of A are packed and used at once, in the first-level cache.
template <class T>
void compute(const Piece& piece, const MatrixReader<T>& a, const PackedMatrix<T>& b, std::int64_t rows_at_once,
             T* packed_rows, T* c, std::int64_t c_pitch) {
  const DepthRuns runs(b.depth());
  if (runs.count == 0) std::fill_n(c, piece.rows * c_pitch, T(0));
  for (std::int64_t run = 0; run < runs.count; ++run) {
    const std::int64_t begin = runs.begin(run), depth = runs.length(run);
    for (std::int64_t i = 0; i < piece.rows; i += rows_at_once) {
      const std::int64_t rows = std::min(rows_at_once, piece.rows - i);
      a.read(piece.row + i, rows, begin, depth, packed_rows, max_depth);
      multiply_block<T>({.a = packed_rows,
                         .a_order = PanelOrder::rows,
                         .a_panel = max_depth * tile_shape<T>().rows,
                         .b = b.block(begin, depth, piece.column),
                         .c = c + i * c_pitch,
                         .c_pitch = c_pitch,
                         .rows = rows,
                         .columns = round_up(piece.columns, tile_shape<T>().vector),
                         .depth = depth,
                         .add = run > 0});
    }
  }
}

}  // namespace

template <class T>
std::int64_t rows_per_piece(std::int64_t rows) {
  const std::int64_t tile_rows = tile_shape<T>().rows;
  return std::min(round_up(rows, tile_rows), most_rows / tile_rows * tile_rows);
}

template <class T>
void multiply(const MatrixReader<T>& a, std::int64_t rows, const PackedMatrix<T>& b, const MatrixWriter<T>& c) {
  const TileShape tile = tile_shape<T>();
  const Cut cut = cut_by_rows<T>(rows, b.columns());
  const std::int64_t c_pitch = cut.pitch(tile);
  // One tile's rows, or several where they are short.
  const std::int64_t run = std::max<std::int64_t>(1, std::min(b.depth(), max_depth));
  const std::int64_t rows_at_once = std::min(max_depth / run * tile.rows, cut.row_step);
  const std::int64_t pieces_at_once = std::max<std::int64_t>(1, cut.pieces() / 64);
  parallel_for(0, cut.pieces(), pieces_at_once, [&](std::int64_t first, std::int64_t last) {
    const Tensor packed_rows = scratch<T>(round_up(rows_at_once, tile.rows) * max_depth);
    const Tensor block = scratch<T>(cut.row_step * c_pitch);
    for (std::int64_t i = first; i < last; ++i) {
      const Piece piece = cut.piece(i);
      compute(piece, a, b, rows_at_once, packed_rows.data<T>(), block.data<T>(), c_pitch);
      c.write(piece.row, piece.rows, piece.column, piece.columns, block.data<T>(), c_pitch);
    }
  });
}

template std::int64_t rows_per_piece<float>(std::int64_t);
template std::int64_t rows_per_piece<double>(std::int64_t);
template void multiply(const MatrixReader<float>&, std::int64_t, const PackedMatrix<float>&,
                       const MatrixWriter<float>&);
template void multiply(const MatrixReader<double>&, std::int64_t, const PackedMatrix<double>&,
                       const MatrixWriter<double>&);

}  // namespace nn::cpu
