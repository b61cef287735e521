#include "nn/cpu/winograd_plan.h"

namespace nn::cpu::winograd {

ForwardPlan forward_plan(std::int64_t tiles, std::int64_t depth, std::int64_t columns) {
  const std::int64_t panel = tile_shape<float>().rows;
  const bool fused = depth <= 256;
  const std::int64_t columns_at_once = std::min<std::int64_t>(columns, fused ? 64 : 512);
  const std::int64_t group_tiles = std::min<std::int64_t>(fused ? 28 : 256, tiles);
  return {.fused = fused,
          .group_tiles = round_up(group_tiles, panel),
          .columns_at_once = columns_at_once,
          .columns_a_product = std::min<std::int64_t>(columns_at_once, 256)};
}

}  // namespace nn::cpu::winograd
