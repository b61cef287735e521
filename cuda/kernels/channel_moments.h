// Mean and variance per channel in one pass over memory: what one thread of the first kernel does. The second one is
// TotalSums of row_reduction.h.
//
// A thread adds up (x - pivot) and (x - pivot)^2 of its rows in f32, where its pivot is the first of its values. The
// sum of squares then is about twice the squared deviations from the mean, however far the mean lies from 0; a pivot
// that happens to be an outlier costs its own thread alone (at worst n v in the bound below). All else is f64: sums are
// moved to one origin for all threads, the channel's value in row 0, and added. With n rows a thread, u = 2^-24, the
// variance v is off by at most
//   u (runs + rows_per_run + 3) sum (x - pivot)^2 / M  +  2^-53 (origin - mean)^2 + ...
// where the first sum's expectation is 2 v and the second term is below 2^-53 M v: no E[x^2] - E[x]^2 of large numbers.
#pragma once

#include <cstdint>

#include "cuda/launch/row_reduction.h"

namespace cuda {

/// The sums of x - origin and of (x - origin)^2 over the rows of each slice.
template <class T, int vector_width>
struct SliceMoments : SlicePartials<double, 2, vector_width> {
  static constexpr int width = vector_width, sums = 2;
  using Partials = SlicePartials<double, sums, width>;
  using Partials::slices;
  using typename Partials::Shared;
  /// As in SliceSums: the terms of a run are added up before they go into the thread's total.
  static constexpr int rows_per_run = 32;
  /// Rows whose loads are in flight together.
  static constexpr int rows_at_once = 4;

  Rows<const T> x;

  NN_HOST_DEVICE void load(std::uint32_t block, std::uint32_t thread, Shared& shared) const {
    const RowSlices::Share share = slices.share(block, thread);
    const bool empty = share.count == 0 || share.first >= share.end;
    Floats<width> pivot, origin;
    if (!empty) {
      pivot = cuda::load<width>(x.at(share.first, share.column), share.count);
      origin = cuda::load<width>(x.at(0, share.column), share.count);
    }
    Floats<width> first, second;  // the sums of d and of d^2, where d = x - pivot
    std::int64_t row = empty ? share.end : share.first;
    const std::int64_t begin = row;
    while (row < share.end) {
      const std::int64_t run_end = row + std::int64_t{rows_per_run} * slices.lines;
      add_run(share, pivot, row, run_end < share.end ? run_end : share.end, first, second);
      row = run_end;
    }
    const auto rows = static_cast<double>(ceil_div(share.end - begin, slices.lines));
    NN_UNROLL for (int i = 0; i < width; ++i) {
      const double shift = static_cast<double>(pivot.v[i]) - static_cast<double>(origin.v[i]);
      const auto d = static_cast<double>(first.v[i]), d2 = static_cast<double>(second.v[i]);
      shared.values[i][thread] = empty ? 0 : d + rows * shift;
      shared.values[width + i][thread] = empty ? 0 : d2 + shift * (2 * d + rows * shift);
    }
  }

 private:
  NN_HOST_DEVICE void add_run(const RowSlices::Share& share, const Floats<width>& pivot, std::int64_t row,
                              std::int64_t end, Floats<width>& first, Floats<width>& second) const {
    const std::int64_t lines = slices.lines;
    Floats<width> run_first, run_second;
    for (; row + (rows_at_once - 1) * lines < end; row += rows_at_once * lines) {
      Floats<width> values[rows_at_once];
      NN_UNROLL for (int k = 0; k < rows_at_once; ++k) {
        values[k] = cuda::load<width>(x.at(row + k * lines, share.column), share.count);
      }
      NN_UNROLL for (int k = 0; k < rows_at_once; ++k) add(values[k], pivot, run_first, run_second);
    }
    for (; row < end; row += lines) {
      add(cuda::load<width>(x.at(row, share.column), share.count), pivot, run_first, run_second);
    }
    NN_UNROLL for (int i = 0; i < width; ++i) {
      first.v[i] += run_first.v[i];
      second.v[i] += run_second.v[i];
    }
  }

  NN_HOST_DEVICE static void add(const Floats<width>& values, const Floats<width>& pivot, Floats<width>& first,
                                 Floats<width>& second) {
    NN_UNROLL for (int i = 0; i < width; ++i) {
      const float d = values.v[i] - pivot.v[i];
      first.v[i] += d;
      second.v[i] += d * d;
    }
  }
};

/// Mean and variance from the sums about the value in row 0.
template <class T>
struct WriteMoments {
  const T* origin;  // row 0
  double rows;
  float *mean, *variance;

  NN_HOST_DEVICE void operator()(std::uint32_t channel, const double* totals) const {
    const double shift = totals[0] / rows, square = totals[1] / rows - shift * shift;
    mean[channel] = static_cast<float>(static_cast<double>(static_cast<float>(origin[channel])) + shift);
    variance[channel] = static_cast<float>(square < 0 ? 0 : square);  // in this order, a NaN stays
  }
};

}  // namespace cuda
