// Sums over the rows of a tensor, one result per channel: fast in T, exact in double.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "nn/core/parallel.h"

namespace nn::cpu {

/// Rows that are added up in T, in vectors over the channels, before their sum goes into a double: few enough for f32.
inline constexpr std::int64_t rows_per_block = 32;

/// totals[i] += the sum over rows [begin, end) of `width` terms; add_row(row, sums) adds the terms of one row to T*
/// sums.
template <class T, class AddRow>
void sum_rows_in_blocks(std::int64_t begin, std::int64_t end, std::int64_t width, const AddRow& add_row,
                        double* totals) {
  std::vector<T> sums(static_cast<std::size_t>(width));
  for (std::int64_t first = begin; first < end; first += rows_per_block) {
    std::fill(sums.begin(), sums.end(), T(0));
    const std::int64_t last = std::min(first + rows_per_block, end);
    for (std::int64_t row = first; row < last; ++row) add_row(row, sums.data());
    for (std::int64_t i = 0; i < width; ++i) totals[i] += static_cast<double>(sums[static_cast<std::size_t>(i)]);
  }
}

/// The same over rows [0, rows), in parallel by chunks of `grain` rows whose sums are added in order.
template <class T, class AddRow>
std::vector<double> sum_over_rows(std::int64_t rows, std::int64_t grain, std::int64_t width, const AddRow& add_row) {
  const std::int64_t chunks = (rows + grain - 1) / grain;
  std::vector<double> partial(static_cast<std::size_t>(chunks * width));
  parallel_for(0, rows, grain, [&](std::int64_t begin, std::int64_t end) {
    sum_rows_in_blocks<T>(begin, end, width, add_row, partial.data() + begin / grain * width);
  });
  std::vector<double> totals(static_cast<std::size_t>(width));
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    const double* sums = partial.data() + chunk * width;
    for (std::int64_t i = 0; i < width; ++i) totals[static_cast<std::size_t>(i)] += sums[i];
  }
  return totals;
}

}  // namespace nn::cpu
