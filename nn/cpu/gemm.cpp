#include "nn/cpu/gemm.h"

#include <algorithm>

#include "nn/core/parallel.h"
#include "nn/cpu/rows.h"

// The blocking is that of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008). How the
// work is cut depends on the shapes and the SIMD target alone, so the bits do not depend on the number of threads.
namespace nn::cpu {
namespace {

// Enough pieces for a few threads to share evenly; more only cost repeated packing.
constexpr std::int64_t wanted_pieces = 16;
// A block of A (rows x max_depth) and of C (rows x columns) lie in the second-level cache together.
constexpr std::int64_t most_rows = 112;
constexpr std::int64_t most_columns = 512;
constexpr std::int64_t rows_at_once = 16;

std::int64_t blocks(std::int64_t extent, std::int64_t step) { return (extent + step - 1) / step; }
std::int64_t round_up(std::int64_t value, std::int64_t step) { return blocks(value, step) * step; }

/// Steps of about `most` at most, as equal as can be, in multiples of `unit`.
std::int64_t equal_step(std::int64_t extent, std::int64_t most, std::int64_t unit) {
  return round_up(blocks(extent, blocks(extent, most)), unit);
}

/// Runs of at most max_depth, as equal as can be: the same for every user of a depth.
struct DepthRuns {
  explicit DepthRuns(std::int64_t all) : depth(all), count(blocks(all, max_depth)) {}
  std::int64_t begin(std::int64_t run) const { return depth * run / count; }
  std::int64_t length(std::int64_t run) const { return begin(run + 1) - begin(run); }
  std::int64_t depth, count;
};

template <class T>
Tensor scratch(std::int64_t elements) {
  return Tensor::empty(vector_shape(elements), dtype_of<T>);
}

/// The steps in which `rows` x `columns` of C are cut.
struct Cut {
  std::int64_t row_step, column_step, row_blocks, column_blocks;

  Cut(std::int64_t rows, std::int64_t columns, std::int64_t rows_a_step, std::int64_t columns_a_step)
      : row_step(rows_a_step),
        column_step(columns_a_step),
        row_blocks(blocks(rows, row_step)),
        column_blocks(blocks(columns, column_step)) {}
  std::int64_t pieces() const { return row_blocks * column_blocks; }
};

}  // namespace

template <class T>
PackedMatrix<T>::PackedMatrix(std::int64_t depth, std::int64_t columns)
    : depth_(depth),
      columns_(columns),
      padded_columns_(round_up(columns, tile_shape<T>().vector)),
      data_(scratch<T>(std::max<std::int64_t>(1, depth * padded_columns_))) {}

template <class T>
PackedMatrix<T> PackedMatrix<T>::from_rows(const MatrixReader<T>& matrix, std::int64_t depth, std::int64_t columns) {
  PackedMatrix packed(depth, columns);
  const std::int64_t panel = tile_shape<T>().columns;
  const std::int64_t panels = blocks(columns, panel);
  const DepthRuns runs(depth);
  parallel_for(0, runs.count * panels, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t run = i / panels, column = i % panels * panel;
      const std::int64_t width = std::min(panel, packed.padded_columns_ - column);
      T* to = const_cast<T*>(packed.block(runs.begin(run), runs.length(run), column));
      matrix.read(runs.begin(run), runs.length(run), column, std::min(width, columns - column), to, width);
    }
  });
  return packed;
}

template <class T>
PackedMatrix<T> PackedMatrix<T>::from_transposed(const MatrixReader<T>& matrix, std::int64_t depth,
                                                 std::int64_t columns) {
  PackedMatrix packed(depth, columns);
  const std::int64_t panel = tile_shape<T>().columns;
  const std::int64_t panels = blocks(columns, panel);
  const DepthRuns runs(depth);
  parallel_for(0, runs.count * panels, 1, [&](std::int64_t first, std::int64_t last) {
    const Tensor rows = scratch<T>(panel * max_depth);
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t run = i / panels, column = i % panels * panel;
      const std::int64_t width = std::min(panel, packed.padded_columns_ - column);
      const std::int64_t used = std::min(width, columns - column), length = runs.length(run);
      matrix.read(column, used, runs.begin(run), length, rows.data<T>(), max_depth);
      T* to = const_cast<T*>(packed.block(runs.begin(run), length, column));
      const T* from = rows.data<T>();
      constexpr std::int64_t at_once = 16;  // as many rows of the panel as stay in the first-level cache
      for (std::int64_t begin = 0; begin < length; begin += at_once) {
        const std::int64_t end = std::min(begin + at_once, length);
        for (std::int64_t j = 0; j < used; ++j) {
          for (std::int64_t p = begin; p < end; ++p) to[p * width + j] = from[j * max_depth + p];
        }
      }
    }
  });
  return packed;
}

template <class T>
std::int64_t rows_per_block(std::int64_t rows) {
  const std::int64_t tile = tile_shape<T>().rows;
  return std::min(round_up(rows, tile), most_rows / tile * tile);
}

template <class T>
void multiply(const MatrixReader<T>& a, std::int64_t rows, const PackedMatrix<T>& b, const MatrixWriter<T>& c) {
  const TileShape tile = tile_shape<T>();
  const DepthRuns runs(b.depth());
  std::int64_t columns_at_once = most_columns;
  while (columns_at_once > 128 &&
         Cut(rows, b.columns(), rows_per_block<T>(rows), columns_at_once).pieces() < wanted_pieces) {
    columns_at_once /= 2;
  }
  const Cut cut(rows, b.columns(), rows_per_block<T>(rows), columns_at_once);
  parallel_for(
      0, cut.pieces(), std::max<std::int64_t>(1, cut.pieces() / 64), [&](std::int64_t first, std::int64_t last) {
        const std::int64_t c_pitch = round_up(std::min(b.columns(), cut.column_step), tile.columns) + tile.vector;
        const Tensor a_panel = scratch<T>(tile.rows * max_depth);
        const Tensor c_block = scratch<T>(cut.row_step * c_pitch);
        for (std::int64_t piece = first; piece < last; ++piece) {
          const std::int64_t row = piece / cut.column_blocks * cut.row_step;
          const std::int64_t column = piece % cut.column_blocks * cut.column_step;
          const std::int64_t row_count = std::min(cut.row_step, rows - row);
          const std::int64_t column_count = std::min(cut.column_step, b.columns() - column);
          if (b.depth() == 0) std::fill_n(c_block.data<T>(), row_count * c_pitch, T(0));
          for (std::int64_t run = 0; run < runs.count; ++run) {
            // A panel of A is used while it is still in the first-level cache.
            for (std::int64_t i = 0; i < row_count; i += tile.rows) {
              const std::int64_t panel_rows = std::min(tile.rows, row_count - i);
              a.read(row + i, panel_rows, runs.begin(run), runs.length(run), a_panel.data<T>(), max_depth);
              multiply_block<T>({.a = a_panel.data<T>(),
                                 .a_order = PanelOrder::rows,
                                 .b = b.block(runs.begin(run), runs.length(run), column),
                                 .c = c_block.data<T>() + i * c_pitch,
                                 .c_pitch = c_pitch,
                                 .rows = panel_rows,
                                 .columns = round_up(column_count, tile.vector),
                                 .depth = runs.length(run),
                                 .add = run > 0});
            }
          }
          c.write(row, row_count, column, column_count, c_block.data<T>(), c_pitch);
        }
      });
}

namespace {

/// Columns of a matrix as panels: column j of depth p lies in its panel at p * (the panel's width) + j.
struct Panels {
  std::int64_t column, columns;  // of the matrix
  std::int64_t width;            // of a panel; the last one is as wide as padded_columns leaves it
  std::int64_t padded_columns;
  std::int64_t elements_a_column;  // a panel begins this many elements after another for each column between them
};

/// Packs depths [depth, depth + length). Some rows at once go through `rows`, which stays in the first-level cache: the
/// matrix is read in long pieces although the panels are narrow.
template <class T>
void pack_panels(const MatrixReader<T>& matrix, std::int64_t depth, std::int64_t length, const Panels& panels, T* rows,
                 T* to) {
  for (std::int64_t p = 0; p < length; p += rows_at_once) {
    const std::int64_t count = std::min(rows_at_once, length - p);
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

/// One piece of multiply_transposed: a block of C over depths [begin, end).
template <class T>
struct TransposedPiece {
  const MatrixReader<T>& a;
  const MatrixReader<T>& b;
  std::int64_t row, rows, column, columns, begin, end;

  void compute(T* some_rows, T* a_block, T* b_block, T* c_block, std::int64_t c_pitch) const {
    const TileShape tile = tile_shape<T>();
    const std::int64_t padded_columns = round_up(columns, tile.vector);
    const DepthRuns runs(end - begin);
    for (std::int64_t run = 0; run < runs.count; ++run) {
      const std::int64_t depth = begin + runs.begin(run), length = runs.length(run);
      pack_panels(a, depth, length, {row, rows, tile.rows, round_up(rows, tile.rows), max_depth}, some_rows, a_block);
      pack_panels(b, depth, length, {column, columns, tile.columns, padded_columns, length}, some_rows, b_block);
      multiply_block<T>({.a = a_block,
                         .a_order = PanelOrder::depth,
                         .b = b_block,
                         .c = c_block,
                         .c_pitch = c_pitch,
                         .rows = rows,
                         .columns = padded_columns,
                         .depth = length,
                         .add = run > 0});
    }
  }
};

}  // namespace

template <class T>
void multiply_transposed(const MatrixReader<T>& a, std::int64_t rows, const MatrixReader<T>& b, std::int64_t columns,
                         std::int64_t depth, const MatrixWriter<T>& c) {
  const TileShape tile = tile_shape<T>();
  const Cut cut(rows, columns, equal_step(rows, 140, tile.rows), equal_step(columns, 288, tile.columns));
  // A small C has few pieces: the depth is cut too, and the partial sums are added in order.
  const std::int64_t splits =
      std::clamp<std::int64_t>(blocks(wanted_pieces, cut.pieces()), 1, blocks(depth, max_depth));
  const std::int64_t c_pitch = round_up(std::min(columns, cut.column_step), tile.columns) + tile.vector;
  const std::int64_t c_size = cut.row_step * c_pitch;
  const Tensor partial = scratch<T>(cut.pieces() * splits * c_size);
  parallel_for(0, cut.pieces() * splits, 1, [&](std::int64_t first, std::int64_t last) {
    const Tensor a_block = scratch<T>(cut.row_step * max_depth);
    const Tensor b_block = scratch<T>(cut.column_step * max_depth);
    const Tensor some_rows = scratch<T>(rows_at_once * std::max(cut.row_step, cut.column_step));
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t piece = i / splits, split = i % splits;
      const std::int64_t row = piece / cut.column_blocks * cut.row_step;
      const std::int64_t column = piece % cut.column_blocks * cut.column_step;
      TransposedPiece<T>{.a = a,
                         .b = b,
                         .row = row,
                         .rows = std::min(cut.row_step, rows - row),
                         .column = column,
                         .columns = std::min(cut.column_step, columns - column),
                         .begin = depth * split / splits,
                         .end = depth * (split + 1) / splits}

          .compute(some_rows.data<T>(), a_block.data<T>(), b_block.data<T>(), partial.data<T>() + i * c_size, c_pitch);
    }
  });
  parallel_for(0, cut.pieces(), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t piece = first; piece < last; ++piece) {
      T* sum = partial.data<T>() + piece * splits * c_size;
      for (std::int64_t split = 1; split < splits; ++split) {
        const T* more = sum + split * c_size;
        for (std::int64_t i = 0; i < c_size; ++i) sum[i] += more[i];
      }
      const std::int64_t row = piece / cut.column_blocks * cut.row_step;
      const std::int64_t column = piece % cut.column_blocks * cut.column_step;
      c.write(row, std::min(cut.row_step, rows - row), column, std::min(cut.column_step, columns - column), sum,
              c_pitch);
    }
  });
}

#define NN_INSTANTIATE(T)                                                                                       \
  template class PackedMatrix<T>;                                                                               \
  template std::int64_t rows_per_block<T>(std::int64_t);                                                        \
  template void multiply(const MatrixReader<T>&, std::int64_t, const PackedMatrix<T>&, const MatrixWriter<T>&); \
  template void multiply_transposed(const MatrixReader<T>&, std::int64_t, const MatrixReader<T>&, std::int64_t, \
                                    std::int64_t, const MatrixWriter<T>&);
NN_INSTANTIATE(float)
NN_INSTANTIATE(double)
#undef NN_INSTANTIATE

}  // namespace nn::cpu
