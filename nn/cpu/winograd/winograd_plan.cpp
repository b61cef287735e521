#include "nn/cpu/winograd/winograd_plan.h"

namespace nn::cpu::winograd {

// The numbers are the fastest of those tried on the 3x3 layers of VGG16, DenseNet121 and the CNNs, with AVX-512 on an
// AMD Zen 5 (1 MiB second-level cache a core); the nearest others cost 0 to 10 % more.

ForwardPlan forward_plan(Tiling tiling, std::int64_t tiles, std::int64_t depth, std::int64_t columns) {
  // 36 frequencies of so many filters are 4.5 MiB; 28 tiles of 128 channels are 0.5 MiB in V and as much in M.
  const std::int64_t fewer = 36 / frequencies(tiling);  // of 16 twice as much fits
  const bool fused = depth * columns <= fewer * 128 * 256;
  const std::int64_t usual = fewer * (fused ? 28 : 256);
  // Of one large group and a small one, a second thread would have nothing to do for most of the time.
  const bool few = fused && tiles > usual && tiles < 2 * usual;
  const std::int64_t group_tiles = few ? usual / 2 : std::min(usual, tiles);
  // Of many groups each is a little smaller rather than larger: V, M and the filters lie in the cache together.
  const std::int64_t rows = tile_shape<float>().rows;
  const bool many = fused && tiles >= 8 * usual && rows <= usual;
  const std::int64_t columns_at_once = std::min<std::int64_t>(columns, fused ? 128 : 512);
  return {.fused = fused,
          .group_tiles = many ? group_tiles / rows * rows : round_up(group_tiles, rows),
          .columns_at_once = columns_at_once,
          .columns_a_product = std::min<std::int64_t>(columns_at_once, 256)};
}

WeightsPlan weights_plan(Tiling tiling, std::int64_t tiles, std::int64_t rows, std::int64_t columns) {
  if (rows * columns <= 36 / frequencies(tiling) * 128 * 128) {
    const std::int64_t group_tiles = equal_step(tiles, 96, 1);
    const std::int64_t runs = std::min(wanted_pieces, blocks(tiles, group_tiles));
    return {.runs = runs, .group_tiles = group_tiles, .columns_a_product = columns};
  }
  // As many tiles as 64 MiB hold of both sides: dU is read and written once a group.
  constexpr std::int64_t most_elements = std::int64_t{16} << 20U;
  const std::int64_t group_tiles =
      std::clamp<std::int64_t>(most_elements / (frequencies(tiling) * (rows + columns)), 128, 1024);
  return {.runs = 1, .group_tiles = std::min(group_tiles, tiles), .columns_a_product = 256};
}

}  // namespace nn::cpu::winograd
