// Launching the sums over rows of row_reduction.h.
#pragma once

#include "cuda/launch/launch.cuh"
#include "cuda/launch/row_reduction.h"

namespace cuda {

/// Sums the terms of `rows` rows of `c` channels and hands each channel's totals to `finish`; what Terms and Finish
/// must have is said in row_reduction.h.
template <class Terms, class Finish>
void reduce_rows(std::int64_t rows, std::int64_t c, const Terms& terms, const Finish& finish) {
  const RowSlices slices(rows, c, Terms::width);
  const Workspace workspace(std::size_t{slices.slices} * Terms::sums * static_cast<std::size_t>(c) * sizeof(float));
  auto* const partial = static_cast<float*>(workspace.data());
  launch_combining(SliceSums<Terms>{{slices, partial}, terms}, slices.blocks());
  using Totals = TotalSums<Terms::sums, Finish>;
  launch_combining(Totals{partial, slices.slices, slices.c, finish}, Totals::blocks(slices.c));
}

}  // namespace cuda
