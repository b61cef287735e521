// How the elements of a tensor are shared out among the threads of a kernel: arithmetic alone, the same on the CPU,
// where it is tested for every small size, and on the GPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nn/core/host_device.h"

namespace cuda {

/// Threads of every block.
inline constexpr std::uint32_t block_threads = 256;
/// What one load or store instruction of a thread moves at most.
inline constexpr int vector_bytes = 16;

NN_HOST_DEVICE constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Division by a number that the kernel does not know at compile time, in one multiplication (Granlund and Montgomery
/// 1994). Exact for n < 2^31.
class Divisor {
 public:
  /// 1 <= divisor <= 2^31
  constexpr explicit Divisor(std::uint32_t divisor) : divisor_(divisor) {
    while ((std::uint64_t{1} << (shift_ - 31U)) < divisor) ++shift_;
    multiplier_ = static_cast<std::uint32_t>(((std::uint64_t{1} << shift_) + divisor - 1) / divisor);
  }
  NN_HOST_DEVICE constexpr std::uint32_t quotient(std::uint32_t n) const {
    return static_cast<std::uint32_t>((std::uint64_t{n} * multiplier_) >> shift_);
  }
  NN_HOST_DEVICE constexpr std::uint32_t remainder(std::uint32_t n) const { return n - quotient(n) * divisor_; }

 private:
  std::uint32_t divisor_, multiplier_ = 0;
  std::uint32_t shift_ = 31;
};

/// True if rows of elements of `size` bytes can be moved in vectors of `width` elements: every row begins where a
/// vector may. A row's end need not fall on the end of a vector.
constexpr bool vectors_fit(std::uintptr_t address, std::int64_t rows, std::int64_t pitch, std::size_t size, int width) {
  const std::size_t whole = size * static_cast<std::size_t>(width);
  const std::size_t step = whole < vector_bytes ? whole : vector_bytes;
  return address % step == 0 && (rows <= 1 || static_cast<std::size_t>(pitch) * size % step == 0);
}

/// What a thread works on: `count` elements of a row, from `column` on. Nothing if count is 0.
struct Place {
  std::uint32_t row, column;
  int count;
};

/// Vectors of one launch: their numbers and those of their elements fit 32 bits, which makes a thread's arithmetic
/// cheap.
inline constexpr std::int64_t max_vectors = std::int64_t{1} << 28;

/// rows x c elements, a thread for each vector of `width` elements of a row; the last one of a row may be shorter.
class VectorGrid {
 public:
  /// At most max_vectors vectors: see for_each_piece.
  constexpr VectorGrid(std::int64_t rows, std::int64_t c, int width)
      : vectors_(static_cast<std::uint32_t>(rows * ceil_div(c, width))),
        c_(static_cast<std::uint32_t>(c)),
        width_(static_cast<std::uint32_t>(width)),
        vectors_a_row_(c > 0 ? static_cast<std::uint32_t>(ceil_div(c, width)) : 1) {}

  constexpr std::int64_t blocks() const { return ceil_div(vectors_, block_threads); }

  NN_HOST_DEVICE constexpr Place place(std::uint32_t block, std::uint32_t thread) const {
    const std::uint32_t vector = block * block_threads + thread;
    if (vector >= vectors_) return {0, 0, 0};
    const std::uint32_t row = vectors_a_row_.quotient(vector), column = vectors_a_row_.remainder(vector) * width_;
    const std::uint32_t left = c_ - column;
    return {row, column, static_cast<int>(left < width_ ? left : width_)};
  }

 private:
  std::uint32_t vectors_, c_, width_;
  Divisor vectors_a_row_;
};

/// Rows [row, row + rows) and columns [column, column + c).
struct Piece {
  std::int64_t row, rows, column, c;
};

/// Calls body(Piece) for pieces of at most `most` vectors, which cover each of rows x c elements once: a single row is
/// cut between vectors, several rows between rows (of at most `most` vectors each).
template <class Body>
constexpr void for_each_piece(std::int64_t rows, std::int64_t c, int width, const Body& body,
                              std::int64_t most = max_vectors) {
  if (c == 0) return;
  const std::int64_t fitting = most / ceil_div(c, width);
  const std::int64_t row_step = fitting > 0 ? fitting : 1, column_step = rows == 1 ? most * width : c;
  for (std::int64_t row = 0; row < rows; row += row_step) {
    for (std::int64_t column = 0; column < c; column += column_step) {
      body(Piece{row, rows - row < row_step ? rows - row : row_step, column,
                 c - column < column_step ? c - column : column_step});
    }
  }
}

}  // namespace cuda
