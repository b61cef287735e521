// Mean and variance per channel of rows that come piece by piece, in one pass over each piece and without cancellation:
//
//   a piece      sums of d and of d^2 with d = x - centre, where the centre is the mean of the piece's first rows:
//                near enough to the mean of all that  sum d^2 - (sum d)^2 / n  loses an eighth of its
//                precision as a rule, and at most a factor of n / 8, if one of the first rows lies far from all others
//   two pieces   Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances"
//                (1979): delta = mean_b - mean_a, n = n_a + n_b,
//                mean = mean_a + delta n_b / n      squares = squares_a + squares_b + delta^2 n_a n_b / n
//
// Pieces are put together in order, so the bits do not depend on who added up which.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/tensor/tensor.h"

namespace nn::cpu {

/// Of every channel the mean and the sum of squared deviations from it, piece by piece.
class ChannelMoments {
 public:
  ChannelMoments(std::int64_t pieces, std::int64_t channels);

  /// From channel `column` on, for `rows` rows. Each (piece, channel) is set once, by any thread.
  void set(std::int64_t piece, std::int64_t column, std::int64_t rows, const std::vector<double>& mean,
           const std::vector<double>& squares);
  /// All pieces together: mean and biased variance, {1,1,1,channels} each.
  void write(const Tensor& mean, const Tensor& variance) const;

 private:
  double* of_piece(std::int64_t piece) const { return moments_.data<double>() + piece * 2 * channels_; }

  std::int64_t pieces_, channels_;
  std::vector<double> rows_;  // of each piece
  Tensor moments_;            // a row for each piece: means, then squares
};

/// Adds up one piece of a ChannelMoments: channels [column, column + columns) of its rows.
template <class T>
class PieceMoments {
 public:
  explicit PieceMoments(std::int64_t columns);

  /// Rows `pitch` elements apart, the first element of each in the first of the columns.
  void add(const T* first, std::int64_t pitch, std::int64_t rows);
  /// After the last row.
  void store(ChannelMoments& moments, std::int64_t piece, std::int64_t column) const;

 private:
  void choose_centre(const T* first, std::int64_t pitch, std::int64_t rows);

  std::int64_t rows_ = 0;
  std::vector<T> centre_, block_sum_, block_squares_;
  std::vector<double> sum_, squares_;  // of d and d^2
};

}  // namespace nn::cpu
