#include "nn/cpu/gemm/gemm.h"

#include "nn/core/parallel.h"
#include "nn/cpu/gemm/blocking.h"

namespace nn::cpu {
namespace {

// A piece of C (rows x columns) and the run of B that it meets lie in the second-level cache together.
constexpr std::int64_t most_rows = 112;
constexpr std::int64_t most_columns = 512, fewest_columns = 128;
constexpr std::int64_t most_cached = std::int64_t{1} << 20U;  // elements of A and C

template <class T>
Cut cut_by_rows(std::int64_t rows, std::int64_t columns) {
  Cut cut{.rows = rows, .columns = columns, .row_step = rows_per_piece<T>(rows), .column_step = most_columns};
  while (cut.column_step > fewest_columns && cut.pieces() < wanted_pieces) cut.column_step /= 2;
  return cut;
}

/// One product: what is read and written does not change from piece to piece.
template <class T>
struct Product {
  const MatrixReader<T>& a;
  const PackedMatrix<T>& b;
  const MatrixWriter<T>& c;
  std::int64_t rows_at_once;  // are packed and used at once, in the first-level cache
  std::int64_t c_pitch;
  bool from_memory;  // A and C are more than the second-level cache holds
};

/// While rows of A meet a panel of B, a part of the rows to come and the result's place are fetched from memory.
template <class T>
void expect_panel(const Product<T>& product, const Piece& piece, std::int64_t step, std::int64_t panel) {
  const DepthRuns runs(product.b.depth());
  const std::int64_t width = tile_shape<T>().columns, panels = blocks(piece.columns, width);
  const std::int64_t steps_a_run = blocks(piece.rows, product.rows_at_once);
  const auto rows_of = [&](std::int64_t row) { return std::min(product.rows_at_once, piece.rows - row); };
  if (const std::int64_t next = (step + 1) / steps_a_run; next < runs.count) {
    const std::int64_t row = (step + 1) % steps_a_run * product.rows_at_once, depth = runs.length(next);
    const std::int64_t share = round_up(blocks(depth, panels), 16), first = std::min(panel * share, depth);
    product.a.expect(piece.row + row, rows_of(row), runs.begin(next) + first, std::min(share, depth - first));
  }
  if (step / steps_a_run == runs.count - 1) {
    const std::int64_t row = step % steps_a_run * product.rows_at_once, column = panel * width;
    product.c.expect(piece.row + row, rows_of(row), piece.column + column, std::min(width, piece.columns - column));
  }
}

/// c = the piece of A B, rows c_pitch apart.
template <class T>
void compute(const Product<T>& product, const Piece& piece, T* packed_rows, T* c) {
  const TileShape tile = tile_shape<T>();
  const DepthRuns runs(product.b.depth());
  const std::int64_t columns_at_once = product.from_memory ? tile.columns : piece.columns;
  std::int64_t step = 0;
  if (runs.count == 0) std::fill_n(c, piece.rows * product.c_pitch, T(0));
  for (std::int64_t run = 0; run < runs.count; ++run) {
    const std::int64_t begin = runs.begin(run), depth = runs.length(run);
    for (std::int64_t i = 0; i < piece.rows; i += product.rows_at_once, ++step) {
      const std::int64_t rows = std::min(product.rows_at_once, piece.rows - i);
      product.a.read(piece.row + i, rows, begin, depth, packed_rows, max_depth);
      for (std::int64_t j = 0; j < piece.columns; j += columns_at_once) {
        if (product.from_memory) expect_panel(product, piece, step, j / columns_at_once);
        multiply_block<T>({.a = packed_rows,
                           .a_order = PanelOrder::rows,
                           .a_panel = max_depth * tile.rows,
                           .b = product.b.block(begin, depth, piece.column + j),
                           .c = c + i * product.c_pitch + j,
                           .c_pitch = product.c_pitch,
                           .rows = rows,
                           .columns = round_up(std::min(columns_at_once, piece.columns - j), tile.vector),
                           .depth = depth,
                           .add = run > 0});
      }
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
  // One tile's rows, or several where they are short.
  const std::int64_t run = std::max<std::int64_t>(1, std::min(b.depth(), max_depth));
  const Product<T> product{.a = a,
                           .b = b,
                           .c = c,
                           .rows_at_once = std::min(max_depth / run * tile.rows, cut.row_step),
                           .c_pitch = cut.pitch(tile),
                           .from_memory = rows * (b.depth() + b.columns()) > most_cached};
  const std::int64_t pieces_at_once = std::max<std::int64_t>(1, cut.pieces() / 64);
  parallel_for(0, cut.pieces(), pieces_at_once, [&](std::int64_t first, std::int64_t last) {
    const Tensor packed_rows = scratch<T>(round_up(product.rows_at_once, tile.rows) * max_depth);
    const Tensor block = scratch<T>(cut.row_step * product.c_pitch);
    for (std::int64_t i = first; i < last; ++i) {
      const Piece piece = cut.piece(i);
      compute(product, piece, packed_rows.data<T>(), block.data<T>());
      c.write(piece.row, piece.rows, piece.column, piece.columns, block.data<T>(), product.c_pitch);
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
