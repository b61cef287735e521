// The sum of one number of every thread of a block.
#pragma once

#include <cstdint>

#include "cuda/launch/launch.h"

namespace cuda {

/// One number per thread, added up over a block in halves: the combining step of bodies that derive from it
/// (launch_combining).
struct BlockSum {
  struct Shared {
    double values[block_threads];
  };

  NN_HOST_DEVICE std::uint32_t first_step() const { return block_threads / 2; }
  NN_HOST_DEVICE void combine(std::uint32_t thread, std::uint32_t step, Shared& shared) const {
    if (thread < step) shared.values[thread] += shared.values[thread + step];
  }
};

}  // namespace cuda
