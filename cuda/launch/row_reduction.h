// Sums over the rows of a tensor, one result per channel, in an order that depends on the shape alone: no atomics, the
// same bits in every run. What one thread loads, combines and writes; row_reduction.cuh launches it.
//
//            channels: a lane takes `width` of them
//            lane 0    lane 1    lane 2 ...
//          ┌─────────┬─────────┬───
//   line 0 │ thread 0│ thread 1│        slice 0: one block      a thread adds up every lines-th row of its slice,
//   line 1 │ thread L│         │                                the lines of a block are combined in shared memory
//   ...    ├─────────┼─────────┼───                             -> partial[slice][sum][channel], f32
//   line 0 │         │         │        slice 1                 a second, small kernel adds the slices in f64
#pragma once

#include <cstdint>

#include "cuda/launch/elementwise.h"
#include "cuda/launch/launch.h"
#include "cuda/launch/packed.h"

namespace cuda {

/// How rows x c elements are split over slices, blocks and threads.
struct RowSlices {
  std::int64_t rows;
  std::uint32_t c, width;
  std::uint32_t lanes, lines;    // of a block; their product is block_threads
  std::uint32_t channel_blocks;  // blocks side by side, for all channels
  std::uint32_t slices;          // at least 1
  std::int64_t rows_per_slice;

  /// Enough to fill a large GPU several times over.
  static constexpr std::int64_t wanted_blocks = 1024;
  /// A thread with fewer rows is not worth starting.
  static constexpr std::int64_t least_rows_per_thread = 4;

  constexpr RowSlices(std::int64_t row_count, std::int64_t channels, int vector_width)
      : rows(row_count), c(static_cast<std::uint32_t>(channels)), width(static_cast<std::uint32_t>(vector_width)) {
    const std::int64_t vectors = ceil_div(channels, vector_width);
    lanes = 1;
    while (lanes < vectors && lanes < 32) lanes *= 2;
    lines = block_threads / lanes;
    channel_blocks = static_cast<std::uint32_t>(ceil_div(vectors, lanes));
    const std::int64_t most = ceil_div(rows, lines * least_rows_per_thread);
    const std::int64_t wanted = ceil_div(wanted_blocks, channel_blocks > 0 ? channel_blocks : 1);
    const std::int64_t count = wanted < most ? wanted : most;
    rows_per_slice = ceil_div(ceil_div(rows, count > 0 ? count : 1), lines) * lines;
    slices = rows > 0 ? static_cast<std::uint32_t>(ceil_div(rows, rows_per_slice)) : 1;
  }

  /// A slice for each image of so many pixels.
  static constexpr RowSlices of_images(std::int64_t images, std::int64_t pixels, std::int64_t channels,
                                       int vector_width) {
    RowSlices slices(images * pixels, channels, vector_width);
    slices.rows_per_slice = pixels;
    slices.slices = static_cast<std::uint32_t>(images);
    return slices;
  }

  constexpr std::int64_t blocks() const { return std::int64_t{slices} * channel_blocks; }

  /// The rows `first`, `first + lines`, ... before `end`, and `count` channels from `column` on.
  struct Share {
    std::int64_t first, end;
    std::uint32_t column;
    int count;  // 0: nothing to do
  };
  NN_HOST_DEVICE constexpr Share share(std::uint32_t block, std::uint32_t thread) const {
    const std::uint32_t column = ((block % channel_blocks) * lanes + thread % lanes) * width;
    const std::int64_t begin = slice(block) * rows_per_slice;
    const std::int64_t end = begin + rows_per_slice < rows ? begin + rows_per_slice : rows;
    const std::uint32_t left = column < c ? c - column : 0;
    return {begin + thread / lanes, end, column, static_cast<int>(left < width ? left : width)};
  }
  NN_HOST_DEVICE constexpr std::int64_t slice(std::uint32_t block) const { return block / channel_blocks; }
};

/// What the threads of a block do with the sums of their channels, sum k of channel i at k * width + i: the lines are
/// added up, and the first line writes them to partial[slice][sum][channel].
template <class Number, int sums, int width>
struct SlicePartials {
  struct Shared {
    Number values[sums * width][block_threads];
  };

  RowSlices slices;
  Number* partial;  // {slices, sums, c}

  /// Steps are in lines.
  NN_HOST_DEVICE std::uint32_t first_step() const { return slices.lines / 2; }
  NN_HOST_DEVICE void combine(std::uint32_t thread, std::uint32_t step, Shared& shared) const {
    if (thread / slices.lanes >= step) return;
    NN_UNROLL for (int i = 0; i < sums * width; ++i) {
      shared.values[i][thread] += shared.values[i][thread + step * slices.lanes];
    }
  }

  NN_HOST_DEVICE void write(std::uint32_t block, std::uint32_t thread, const Shared& shared) const {
    if (thread >= slices.lanes) return;
    const RowSlices::Share share = slices.share(block, thread);
    for (int k = 0; k < sums; ++k) {
      Number* to = partial + (slices.slice(block) * sums + k) * slices.c + share.column;
      for (int i = 0; i < share.count; ++i) to[i] = shared.values[k * width + i][thread];
    }
  }
};

/// First kernel: the sums of each slice. `Terms` says what is added up:
///   static constexpr int width, sums;
///   NN_HOST_DEVICE void add(std::int64_t row, std::uint32_t column, int count, Floats<width> (&sums)[sums]) const;
/// adds the terms of `count` channels of one row to each of its `sums` sums; it may write elements of that row too.
///   NN_HOST_DEVICE auto of_channels(std::uint32_t column, int count) const;
/// if there is one, gives what a thread loads of its channels once: an object whose add() is called in its place.
///   NN_HOST_DEVICE auto load(std::int64_t row, std::uint32_t column, int count) const;
///   NN_HOST_DEVICE void add(const auto& loaded, std::int64_t row, ...) const;
/// if Terms (or that object) have them: with terms that write, the loads of two rows are in flight together only so,
/// because the compiler must expect that they read what is written.
template <class Terms>
struct SliceSums : SlicePartials<float, Terms::sums, Terms::width> {
  static constexpr int width = Terms::width, sums = Terms::sums;
  using Partials = SlicePartials<float, sums, width>;
  using Partials::slices;
  using typename Partials::Shared;
  /// Rows that a thread adds up before their sum goes into its total: twice this many additions in a row, not
  /// thousands, round in f32.
  static constexpr int rows_per_run = 32;

  Terms terms;

  NN_HOST_DEVICE void load(std::uint32_t block, std::uint32_t thread, Shared& shared) const {
    const RowSlices::Share share = slices.share(block, thread);
    const auto thread_terms = terms_of_channels(share.column, share.count);
    Floats<width> totals[sums] = {};
    std::int64_t row = share.count > 0 ? share.first : share.end;
    while (row < share.end) {
      Floats<width> run[sums] = {};
      const std::int64_t run_end = row + std::int64_t{rows_per_run} * slices.lines;
      const std::int64_t end = run_end < share.end ? run_end : share.end;
      if constexpr (requires { thread_terms.load(row, share.column, share.count); }) {
        for (; row + slices.lines < end; row += 2 * std::int64_t{slices.lines}) {
          const std::int64_t next = row + slices.lines;
          const auto first = thread_terms.load(row, share.column, share.count);
          const auto second = thread_terms.load(next, share.column, share.count);
          thread_terms.add(first, row, share.column, share.count, run);
          thread_terms.add(second, next, share.column, share.count, run);
        }
      }
      for (; row < end; row += slices.lines) thread_terms.add(row, share.column, share.count, run);
      NN_UNROLL for (int k = 0; k < sums; ++k) {
        NN_UNROLL for (int i = 0; i < width; ++i) totals[k].v[i] += run[k].v[i];
      }
    }
    NN_UNROLL for (int k = 0; k < sums; ++k) {
      NN_UNROLL for (int i = 0; i < width; ++i) shared.values[k * width + i][thread] = totals[k].v[i];
    }
  }

 private:
  NN_HOST_DEVICE auto terms_of_channels(std::uint32_t column, int count) const {
    if constexpr (requires { terms.of_channels(column, count); }) {
      return terms.of_channels(column, count);
    } else {
      return terms;
    }
  }
};

/// Second kernel: the sums of all slices, in f64, a lane for each channel. Then `finish(channel, totals)` writes what
/// is made of them:
///   NN_HOST_DEVICE void operator()(std::uint32_t channel, const double* totals) const;   // totals[sums]
template <int sums, class Finish, class Partial = float>
struct TotalSums {
  static constexpr std::uint32_t lanes = 8, lines = block_threads / lanes;

  struct Shared {
    double values[sums][block_threads];
  };

  const Partial* partial;  // {slices, sums, c}
  std::uint32_t slices, c;
  Finish finish;

  static constexpr std::int64_t blocks(std::uint32_t channels) { return ceil_div(channels, lanes); }

  NN_HOST_DEVICE void load(std::uint32_t block, std::uint32_t thread, Shared& shared) const {
    const std::uint32_t channel = block * lanes + thread % lanes;
    double totals[sums] = {};
    if (channel < c) {
      for (std::uint32_t slice = thread / lanes; slice < slices; slice += lines) {
        NN_UNROLL for (int k = 0; k < sums; ++k) {
          totals[k] += static_cast<double>(partial[(std::int64_t{slice} * sums + k) * c + channel]);
        }
      }
    }
    NN_UNROLL for (int k = 0; k < sums; ++k) shared.values[k][thread] = totals[k];
  }

  NN_HOST_DEVICE std::uint32_t first_step() const { return lines / 2; }
  NN_HOST_DEVICE void combine(std::uint32_t thread, std::uint32_t step, Shared& shared) const {
    if (thread / lanes >= step) return;
    NN_UNROLL for (int k = 0; k < sums; ++k) shared.values[k][thread] += shared.values[k][thread + step * lanes];
  }

  NN_HOST_DEVICE void write(std::uint32_t block, std::uint32_t thread, const Shared& shared) const {
    const std::uint32_t channel = block * lanes + thread;
    if (thread >= lanes || channel >= c) return;
    double totals[sums];
    NN_UNROLL for (int k = 0; k < sums; ++k) totals[k] = shared.values[k][thread];
    finish(channel, totals);
  }
};

/// A term of one sum: the element itself.
template <class T, int vector_width>
struct ElementTerms {
  static constexpr int width = vector_width, sums = 1;
  Rows<const T> x;

  NN_HOST_DEVICE void add(std::int64_t row, std::uint32_t column, int count, Floats<width> (&sum)[sums]) const {
    const Floats<width> values = cuda::load<width>(x.at(row, column), count);
    NN_UNROLL for (int i = 0; i < width; ++i) sum[0].v[i] += values.v[i];
  }
};

/// y_c = total_c + beta * y_c
struct WriteSum {
  float* y;
  float beta;

  NN_HOST_DEVICE void operator()(std::uint32_t channel, const double* totals) const {
    const double sum = beta == 0 ? totals[0] : totals[0] + static_cast<double>(beta) * static_cast<double>(y[channel]);
    y[channel] = static_cast<float>(sum);
  }
};

}  // namespace cuda
