// How the work of minimal filtering is cut. A function of shapes and the SIMD target alone.
#pragma once

#include "nn/cpu/gemm/blocking.h"
#include "nn/cpu/winograd/winograd_tiles.h"

namespace nn::cpu::winograd {

/// Memory for the frequencies of a matrix in panels. Those of one frequency begin a few cache lines off a round number,
/// because 36 addresses the same distance from a multiple of 4 KiB would share one set of the cache.
struct OwnedFrequencies {
  Tensor memory;
  Frequencies view;
};
/// Elements from one to the next.
inline std::int64_t frequency_step(const Panels& panels) { return round_up(panels.elements(), 1024) + channel_step; }
inline OwnedFrequencies make_frequencies(Tiling tiling, const Panels& panels) {
  const std::int64_t step = frequency_step(panels);
  const Tensor memory = scratch<float>(frequencies(tiling) * step);
  return {memory, {memory.data<float>(), step, panels}};
}

struct ForwardPlan {
  bool fused;                      // threads share groups of tiles; otherwise the work within a group
  std::int64_t group_tiles;        // a multiple of the tile's rows
  std::int64_t columns_at_once;    // output channels of M
  std::int64_t columns_a_product;  // and of one product
};

struct WeightsPlan {
  std::int64_t runs;  // runs of groups that threads share; 1: they share the work within a group
  std::int64_t group_tiles;
  std::int64_t columns_a_product;  // input channels
};

ForwardPlan forward_plan(Tiling tiling, std::int64_t tiles, std::int64_t depth, std::int64_t columns);
/// dU has rows x columns elements a frequency.
WeightsPlan weights_plan(Tiling tiling, std::int64_t tiles, std::int64_t rows, std::int64_t columns);

}  // namespace nn::cpu::winograd
