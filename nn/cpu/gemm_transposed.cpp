// C = A^T B over a long depth, both operands packed as the product goes: the gradient of weights, where the depth is
// all pixels of a batch.
#include "nn/core/parallel.h"
#include "nn/cpu/blocking.h"
#include "nn/cpu/gemm.h"
#include "nn/cpu/rows.h"

namespace nn::cpu {
namespace {

// A block of A, one of B and one of C of these extents lie in the second-level cache together.
constexpr std::int64_t most_rows = 140;
constexpr std::int64_t most_columns = 288;
constexpr std::int64_t depths_at_once = 16;

/// Columns of a matrix as panels: column j of depth p lies in its panel at p * (the panel's width) + j.
struct Panels {
  std::int64_t column, columns;  // of the matrix
  std::int64_t width;            // of a panel; the last one is as wide as padded_columns leaves it
  std::int64_t padded_columns;
  std::int64_t elements_a_column;  // from the beginning of one panel to the next, for each column between them
};

/// Packs depths [depth, depth + length). A few at once go through `rows`, which stays in the first-level cache: the
/// matrix is read in long pieces although the panels are narrow.
template <class T>
void pack_panels(const MatrixReader<T>& matrix, std::int64_t depth, std::int64_t length, const Panels& panels, T* rows,
                 T* to) {
  for (std::int64_t p = 0; p < length; p += depths_at_once) {
    const std::int64_t count = std::min(depths_at_once, length - p);
    matrix.read(depth + p, count, panels.column, panels.columns, rows, panels.padded_columns);
    for (std::int64_t j = 0; j < panels.columns; j += panels.width) {
      const std::int64_t width = std::min(panels.width, panels.padded_columns - j);
      transform_rows<T>({.from = rows + j,
                         .from_pitch = panels.padded_columns,
                         .to = to + j * panels.elements_a_column + p * width,
                         .to_pitch = width,
                         .rows = count,
                         .columns = width});
    }
  }
}

/// Working memory of one thread.
template <class T>
struct Blocks {
  explicit Blocks(const Cut& cut)
      : a(scratch<T>(cut.row_step * max_depth)),
        b(scratch<T>(cut.column_step * max_depth)),
        rows(scratch<T>(depths_at_once * std::max(cut.row_step, cut.column_step))) {}
  Tensor a, b, rows;
};

/// c = the piece of A^T B over depths [begin, end), rows c_pitch apart.
template <class T>
void compute(const Piece& piece, const MatrixReader<T>& a, const MatrixReader<T>& b, std::int64_t begin,
             std::int64_t end, const Blocks<T>& memory, T* c, std::int64_t c_pitch) {
  const TileShape tile = tile_shape<T>();
  const std::int64_t padded_columns = round_up(piece.columns, tile.vector);
  const DepthRuns runs(end - begin);
  for (std::int64_t run = 0; run < runs.count; ++run) {
    const std::int64_t depth = begin + runs.begin(run), length = runs.length(run);
    pack_panels<T>(a, depth, length, {piece.row, piece.rows, tile.rows, round_up(piece.rows, tile.rows), max_depth},
                   memory.rows.template data<T>(), memory.a.template data<T>());
    pack_panels<T>(b, depth, length, {piece.column, piece.columns, tile.columns, padded_columns, length},
                   memory.rows.template data<T>(), memory.b.template data<T>());
    multiply_block<T>({.a = memory.a.template data<T>(),
                       .a_order = PanelOrder::depth,
                       .a_panel = max_depth * tile.rows,
                       .b = memory.b.template data<T>(),
                       .c = c,
                       .c_pitch = c_pitch,
                       .rows = piece.rows,
                       .columns = padded_columns,
                       .depth = length,
                       .add = run > 0});
  }
}

}  // namespace

template <class T>
void multiply_transposed(const MatrixReader<T>& a, std::int64_t rows, const MatrixReader<T>& b, std::int64_t columns,
                         std::int64_t depth, const MatrixWriter<T>& c) {
  const TileShape tile = tile_shape<T>();
  const Cut cut{.rows = rows,
                .columns = columns,
                .row_step = equal_step(rows, most_rows, tile.rows),
                .column_step = equal_step(columns, most_columns, tile.columns)};
  // A small C has few pieces: the depth is split too, and the partial sums are added in order.
  const std::int64_t splits = std::clamp<std::int64_t>(blocks(wanted_pieces, cut.pieces()), 1, DepthRuns(depth).count);
  const std::int64_t c_pitch = cut.pitch(tile), c_size = cut.row_step * c_pitch;
  const Tensor partial = scratch<T>(cut.pieces() * splits * c_size);
  parallel_for(0, cut.pieces() * splits, 1, [&](std::int64_t first, std::int64_t last) {
    const Blocks<T> memory(cut);
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t split = i % splits;
      compute(cut.piece(i / splits), a, b, depth * split / splits, depth * (split + 1) / splits, memory,
              partial.data<T>() + i * c_size, c_pitch);
    }
  });
  parallel_for(0, cut.pieces(), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      T* sum = partial.data<T>() + i * splits * c_size;
      for (std::int64_t split = 1; split < splits; ++split) {
        for (std::int64_t k = 0; k < c_size; ++k) sum[k] += sum[split * c_size + k];
      }
      const Piece piece = cut.piece(i);
      c.write(piece.row, piece.rows, piece.column, piece.columns, sum, c_pitch);
    }
  });
}

template void multiply_transposed(const MatrixReader<float>&, std::int64_t, const MatrixReader<float>&, std::int64_t,
                                  std::int64_t, const MatrixWriter<float>&);
template void multiply_transposed(const MatrixReader<double>&, std::int64_t, const MatrixReader<double>&, std::int64_t,
                                  std::int64_t, const MatrixWriter<double>&);

}  // namespace nn::cpu
