// How matrix products are cut: C into pieces that threads share, the depth into runs that are packed at once.
// The blocking is that of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008). It depends
// on shapes and the SIMD target alone, so the bits of a result do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "nn/cpu/gemm/gemm_tile.h"
#include "nn/tensor/tensor.h"

namespace nn::cpu {

/// Enough pieces for a few threads to share evenly; more only cost repeated packing.
inline constexpr std::int64_t wanted_pieces = 16;

/// Elements that a cache may still have from the operation before: what is more is fetched from memory ahead.
inline constexpr std::int64_t most_cached = std::int64_t{1} << 21U;

inline std::int64_t blocks(std::int64_t extent, std::int64_t step) { return (extent + step - 1) / step; }
inline std::int64_t round_up(std::int64_t value, std::int64_t step) { return blocks(value, step) * step; }
/// Steps of at most `most`, rounded up to a multiple of `unit`: as equal as can be.
inline std::int64_t equal_step(std::int64_t extent, std::int64_t most, std::int64_t unit) {
  return round_up(blocks(extent, blocks(extent, most)), unit);
}

/// A depth in runs of at most max_depth, as equal as can be.
struct DepthRuns {
  explicit DepthRuns(std::int64_t all) : depth(all), count(blocks(all, max_depth)) {}
  std::int64_t begin(std::int64_t run) const { return depth * run / count; }
  std::int64_t length(std::int64_t run) const { return begin(run + 1) - begin(run); }

  std::int64_t depth, count;
};

/// A rectangle of C.
struct Piece {
  std::int64_t row, rows, column, columns;
};

/// `rows` x `columns` of C in pieces of at most row_step x column_step, row by row.
struct Cut {
  std::int64_t rows, columns, row_step, column_step;

  std::int64_t pieces() const { return blocks(rows, row_step) * blocks(columns, column_step); }
  Piece piece(std::int64_t index) const {
    const std::int64_t pieces_a_row = blocks(columns, column_step);
    const std::int64_t row = index / pieces_a_row * row_step, column = index % pieces_a_row * column_step;
    return {row, std::min(row_step, rows - row), column, std::min(column_step, columns - column)};
  }
  /// From a row of a piece to the next in memory: room for whole tiles, and not a power of two, in which the rows of a
  /// tile would fall into few sets of the cache.
  std::int64_t pitch(const TileShape& tile) const {
    return round_up(std::min(columns, column_step), tile.columns) + tile.vector;
  }
};

/// Uninitialised working memory, aligned for vectors.
template <class T>
Tensor scratch(std::int64_t elements) {
  return Tensor::empty(vector_shape(std::max<std::int64_t>(1, elements)), dtype_of<T>);
}

}  // namespace nn::cpu
