// C = A^T B over a long depth, A read where it lies and B packed as the product goes: the gradient of weights, where
// the depth is all pixels of a batch.
#include "nn/core/error.h"
#include "nn/core/parallel.h"
#include "nn/cpu/gemm/blocking.h"
#include "nn/cpu/gemm/gemm.h"

namespace nn::cpu {
namespace {

// A block of A, the same of the next run, and one of C of these extents lie in the second-level cache together.
constexpr std::int64_t most_rows = 144;
constexpr std::int64_t most_columns = 288;
constexpr std::int64_t rows_at_once = 48;  // of A, in one product of blocks

/// Depths of both matrices that are needed after the present ones: a share of them is fetched from memory at each call.
template <class T>
struct NextRun {
  const Piece& piece;
  const MatrixReader<T>&a, &b;
  std::int64_t depth, end, share;

  void expect_share() {
    const std::int64_t count = std::min(share, end - depth);
    if (count <= 0) return;
    a.expect(depth, count, piece.row, piece.rows);
    b.expect(depth, count, piece.column, piece.columns);
    depth += count;
  }
};

/// c = the piece of A^T B over depths [begin, end), rows c_pitch apart. A panel of B is packed into `packed_b` and used
/// at once, in the first-level cache.
template <class T>
void compute(const Piece& piece, const MatrixReader<T>& a, const MatrixReader<T>& b, std::int64_t begin,
             std::int64_t end, T* packed_b, T* c, std::int64_t c_pitch) {
  const TileShape tile = tile_shape<T>();
  const DepthRuns runs(end - begin);
  const std::int64_t products = blocks(piece.columns, tile.columns) * blocks(piece.rows, rows_at_once);
  const MatrixView<T> left = a.view();
  for (std::int64_t run = 0; run < runs.count; ++run) {
    const std::int64_t depth = begin + runs.begin(run), length = runs.length(run);
    const std::int64_t next_length = run + 1 < runs.count ? runs.length(run + 1) : 0;
    NextRun<T> next{piece, a, b, depth + length, depth + length + next_length, blocks(next_length, products)};
    for (std::int64_t j = 0; j < piece.columns; j += tile.columns) {
      const std::int64_t columns = std::min(tile.columns, piece.columns - j);
      const std::int64_t padded_columns = round_up(columns, tile.vector);
      b.read(depth, length, piece.column + j, columns, packed_b, padded_columns);
      for (std::int64_t i = 0; i < piece.rows; i += rows_at_once) {
        next.expect_share();
        multiply_block<T>({.a = left.data + depth * left.pitch + piece.row + i,
                           .a_order = PanelOrder::depths,
                           .a_panel = 0,
                           .a_pitch = left.pitch,
                           .b = packed_b,
                           .c = c + i * c_pitch + j,
                           .c_pitch = c_pitch,
                           .rows = std::min(rows_at_once, piece.rows - i),
                           .columns = padded_columns,
                           .depth = length,
                           .add = run > 0});
      }
    }
  }
}

}  // namespace

template <class T>
void multiply_transposed(const MatrixReader<T>& a, std::int64_t rows, const MatrixReader<T>& b, std::int64_t columns,
                         std::int64_t depth, const MatrixWriter<T>& c) {
  NN_CHECK(a.view().data != nullptr, "[multiply_transposed] expects a left operand that lies in memory");
  const TileShape tile = tile_shape<T>();
  const Cut cut{.rows = rows,
                .columns = columns,
                .row_step = equal_step(rows, most_rows, chunk),
                .column_step = equal_step(columns, most_columns, tile.columns)};
  // A small C has few pieces: the depth is split too, and the partial sums are added in order. All pieces of a split
  // follow one another: so a thread reads a part of the depth for all of them, and leaves the rest to others.
  const std::int64_t pieces = cut.pieces();
  const std::int64_t splits = std::clamp<std::int64_t>(blocks(wanted_pieces, pieces), 1, DepthRuns(depth).count);
  const std::int64_t c_pitch = cut.pitch(tile), c_size = cut.row_step * c_pitch;
  const Tensor partial = scratch<T>(pieces * splits * c_size);
  parallel_for(0, pieces * splits, 1, [&](std::int64_t first, std::int64_t last) {
    const Tensor packed_b = scratch<T>(tile.columns * max_depth);
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t split = i / pieces;
      compute(cut.piece(i % pieces), a, b, depth * split / splits, depth * (split + 1) / splits, packed_b.data<T>(),
              partial.data<T>() + i * c_size, c_pitch);
    }
  });
  const std::int64_t blocks_a_piece = blocks(cut.row_step, chunk);  // of rows, which threads share here
  parallel_for(0, pieces * blocks_a_piece, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const Piece piece = cut.piece(i / blocks_a_piece);
      const std::int64_t row = i % blocks_a_piece * chunk, rows_left = std::min(chunk, piece.rows - row);
      if (rows_left <= 0) continue;
      T* sum = partial.data<T>() + i / blocks_a_piece * c_size + row * c_pitch;
      for (std::int64_t split = 1; split < splits; ++split) {
        const T* more = sum + split * pieces * c_size;
        for (std::int64_t k = 0; k < rows_left * c_pitch; ++k) sum[k] += more[k];
      }
      c.write(piece.row + row, rows_left, piece.column, piece.columns, sum, c_pitch);
    }
  });
}

template void multiply_transposed(const MatrixReader<float>&, std::int64_t, const MatrixReader<float>&, std::int64_t,
                                  std::int64_t, const MatrixWriter<float>&);
template void multiply_transposed(const MatrixReader<double>&, std::int64_t, const MatrixReader<double>&, std::int64_t,
                                  std::int64_t, const MatrixWriter<double>&);

}  // namespace nn::cpu
