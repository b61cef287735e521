// C = A B, cut by rows of A: what the products of f32 and f64 (gemm.cpp) and of bf16 (bf16/bf16_product.cpp) share.
// They differ in how deep a run is, how rows of A are packed and what multiplies them.
//
//   a piece of C, which stays in the second-level cache
//     for each run of the depth
//       for each rows_at_once rows of A: pack them           they stay in the first-level cache
//         for each panel of B: multiply                      while the next rows of A are fetched from memory
#pragma once

#include <algorithm>
#include <cstdint>

#include "nn/cpu/gemm/blocking.h"
#include "nn/cpu/gemm/matrix_io.h"

namespace nn::cpu {

/// In pieces of row_step rows and 512 columns, or fewer columns where that gives threads too little to share.
inline Cut cut_by_rows(std::int64_t rows, std::int64_t columns, std::int64_t row_step) {
  constexpr std::int64_t most_columns = 512, fewest_columns = 128;
  Cut cut{.rows = rows, .columns = columns, .row_step = row_step, .column_step = most_columns};
  while (cut.column_step > fewest_columns && cut.pieces() < wanted_pieces) cut.column_step /= 2;
  return cut;
}

/// One product: what does not change from piece to piece.
template <class T>
struct RowProduct {
  const MatrixReader<T>& a;
  const MatrixWriter<T>& c;
  std::int64_t rows_at_once;  // of A
  std::int64_t panel;         // columns of a panel of B
  std::int64_t c_pitch;       // of a piece in working memory
  bool from_memory;           // A and C are more than a cache holds: they are fetched ahead
};

/// While rows of A meet a panel of B, a part of the rows to come and the result's place are fetched from memory. `step`
/// counts the rows_at_once rows of all runs.
template <class T, class Runs>
void expect_panel(const RowProduct<T>& product, const Runs& runs, const Piece& piece, std::int64_t step,
                  std::int64_t panel) {
  const std::int64_t panels = blocks(piece.columns, product.panel);
  const std::int64_t steps_a_run = blocks(piece.rows, product.rows_at_once);
  const auto rows_of = [&](std::int64_t row) { return std::min(product.rows_at_once, piece.rows - row); };
  if (const std::int64_t next = (step + 1) / steps_a_run; next < runs.count) {
    const std::int64_t row = (step + 1) % steps_a_run * product.rows_at_once, depth = runs.length(next);
    const std::int64_t share = round_up(blocks(depth, panels), 16), first = std::min(panel * share, depth);
    product.a.expect(piece.row + row, rows_of(row), runs.begin(next) + first, std::min(share, depth - first));
  }
  if (step / steps_a_run == runs.count - 1) {
    const std::int64_t row = step % steps_a_run * product.rows_at_once, column = panel * product.panel;
    product.c.expect(piece.row + row, rows_of(row), piece.column + column,
                     std::min(product.panel, piece.columns - column));
  }
}

/// c = the piece of A B, rows c_pitch apart. Rows and columns of the two calls count from the piece's beginning:
///   pack(run, row, rows)                        packs these rows of A, for the calls of multiply that follow
///   multiply(run, row, rows, column, columns)   makes these columns of them, and adds what earlier runs made
template <class T, class Runs, class Pack, class Multiply>
void compute_piece(const RowProduct<T>& product, const Runs& runs, const Piece& piece, T* c, const Pack& pack,
                   const Multiply& multiply) {
  const std::int64_t columns_at_once = product.from_memory ? product.panel : piece.columns;
  std::int64_t step = 0;
  if (runs.count == 0) std::fill_n(c, piece.rows * product.c_pitch, T(0));
  for (std::int64_t run = 0; run < runs.count; ++run) {
    for (std::int64_t row = 0; row < piece.rows; row += product.rows_at_once, ++step) {
      const std::int64_t rows = std::min(product.rows_at_once, piece.rows - row);
      pack(run, row, rows);
      for (std::int64_t column = 0; column < piece.columns; column += columns_at_once) {
        if (product.from_memory) expect_panel(product, runs, piece, step, column / columns_at_once);
        multiply(run, row, rows, column, std::min(columns_at_once, piece.columns - column));
      }
    }
  }
}

}  // namespace nn::cpu
