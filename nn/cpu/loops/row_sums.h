// Sums over the rows of a tensor, one result per channel: fast in T, exact in double.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "nn/core/parallel.h"
#include "nn/tensor/tensor.h"

namespace nn::cpu {

/// Rows that are added up in T, in vectors over the channels, before their sum goes into a double: few enough for f32.
inline constexpr std::int64_t rows_per_block = 32;

/// totals[i] += the sum over rows [begin, end) of `width` terms; add_rows(first, rows, sums) adds those of a block of
/// rows to T* sums.
template <class T, class AddRows>
void sum_blocks_of_rows(std::int64_t begin, std::int64_t end, std::int64_t width, const AddRows& add_rows,
                        double* totals) {
  std::vector<T> sums(static_cast<std::size_t>(width));
  for (std::int64_t first = begin; first < end; first += rows_per_block) {
    std::fill(sums.begin(), sums.end(), T(0));
    add_rows(first, std::min(rows_per_block, end - first), sums.data());
    for (std::int64_t i = 0; i < width; ++i) totals[i] += static_cast<double>(sums[static_cast<std::size_t>(i)]);
  }
}

/// totals[i] += the sum over rows [begin, end) of x of value(element, i). Short rows are taken four at a time, which
/// updates the sums once for four loads (measured: twice as fast with 16 channels); long rows one by one, because the
/// processor's prefetcher follows one stream a page (half as fast with 256 channels taken by fours).
template <class T, class Value>
void sum_values_in_blocks(const Tensor& x, std::int64_t begin, std::int64_t end, const Value& value, double* totals) {
  const std::int64_t c = x.c(), pitch = x.pitch();
  const bool short_rows = pitch * static_cast<std::int64_t>(sizeof(T)) <= 128;
  std::vector<T> block(static_cast<std::size_t>(c));
  T* __restrict sums = block.data();
  for (std::int64_t first = begin; first < end; first += rows_per_block) {
    std::fill(block.begin(), block.end(), T(0));
    const std::int64_t last = std::min(first + rows_per_block, end);
    std::int64_t row = first;
    for (; short_rows && row + 4 <= last; row += 4) {
      const T *p0 = x.row<T>(row), *p1 = p0 + pitch, *p2 = p1 + pitch, *p3 = p2 + pitch;
      for (std::int64_t i = 0; i < c; ++i) {
        sums[i] += (value(p0[i], i) + value(p1[i], i)) + (value(p2[i], i) + value(p3[i], i));
      }
    }
    for (; row < last; ++row) {
      const T* p = x.row<T>(row);
      for (std::int64_t i = 0; i < c; ++i) sums[i] += value(p[i], i);
    }
    for (std::int64_t i = 0; i < c; ++i) totals[i] += static_cast<double>(sums[i]);
  }
}

/// sum_chunk(begin, end, totals) adds the `width` sums of a chunk of at most `grain` rows to totals; chunks run in
/// parallel, and their results are added in order.
template <class SumChunk>
std::vector<double> sum_over_chunks(std::int64_t rows, std::int64_t grain, std::int64_t width,
                                    const SumChunk& sum_chunk) {
  const std::int64_t chunks = (rows + grain - 1) / grain;
  std::vector<double> partial(static_cast<std::size_t>(chunks * width));
  parallel_for(0, rows, grain, [&](std::int64_t begin, std::int64_t end) {
    sum_chunk(begin, end, partial.data() + begin / grain * width);
  });
  std::vector<double> totals(static_cast<std::size_t>(width));
  for (std::int64_t k = 0; k < chunks; ++k) {
    const double* sums = partial.data() + k * width;
    for (std::int64_t i = 0; i < width; ++i) totals[static_cast<std::size_t>(i)] += sums[i];
  }
  return totals;
}

}  // namespace nn::cpu
