// The gradient of the filters by minimal filtering, dW = G^T [ sum over tiles of (A dY A^T) . (B^T d B) ] G:
//
//   tiles of dY --transform--> D    36 x (tiles x out)
//   tiles of x  --transform--> V    36 x (tiles x in)           the same as in the forward pass
//                              dU   36 x (out x in) = D^T V     36 matrix products, summed over groups of tiles
//   dW         <--transform--  dU
//
// As in the forward pass, small groups lie in one core's second-level cache: then threads share runs of groups, each
// run adding to a dU of its own. Where dU is too large for that, groups are large and threads share the work within.
#include "nn/core/parallel.h"
#include "nn/cpu/gemm/blocking.h"
#include "nn/cpu/winograd/winograd.h"
#include "nn/cpu/winograd/winograd_plan.h"

namespace nn::cpu::winograd {
namespace {

/// What is read; it does not change from group to group.
struct Correlation {
  Tiling tiling;
  TileSource x, dy;
  TileGrid grid;
  WeightsPlan plan;

  std::int64_t rows() const { return round_up(dy.shape.c, channel_step); }
  std::int64_t columns() const { return round_up(x.shape.c, channel_step); }
  std::int64_t groups() const { return blocks(grid.tiles, plan.group_tiles); }
};

/// Working memory for one group.
struct GroupMemory {
  explicit GroupMemory(const Correlation& c)
      : d(make_frequencies(c.tiling, {c.plan.group_tiles, c.rows(), c.plan.group_tiles, chunk})),
        v(make_frequencies(c.tiling, {c.plan.group_tiles, c.columns(), c.plan.group_tiles, chunk})) {}

  OwnedFrequencies d, v;
};

/// The memory of `owned` for fewer rows, in bands as products meet them: at most max_depth.
Frequencies with_rows(const OwnedFrequencies& owned, std::int64_t rows, std::int64_t width) {
  return {owned.view.data, owned.view.step, {rows, owned.view.panels.columns, equal_step(rows, max_depth, 1), width}};
}

/// dU (+)= D^T V for one frequency and columns [column, column + columns).
void multiply_frequency(const Frequencies& d, const Frequencies& v, const Frequencies& du, std::int64_t frequency,
                        std::int64_t column, std::int64_t columns, bool add) {
  for (std::int64_t tile = 0; tile < d.panels.rows; tile += d.panels.band) {
    const std::int64_t depth = d.panels.band_rows(tile);
    multiply_block<float>({.a = d.data + frequency * d.step + d.panels.panel(tile, 0),
                           .a_order = PanelOrder::wide,
                           .a_panel = depth * chunk,
                           .b = v.data + frequency * v.step + v.panels.panel(tile, column),
                           .c = du.data + frequency * du.step + column,
                           .c_pitch = du.panels.columns,
                           .rows = d.panels.columns,
                           .columns = columns,
                           .depth = depth,
                           .add = add || tile > 0});
  }
}

/// dU (+)= what the tiles of one group give. The loops are parallel unless runs of groups are.
void correlate_group(const Correlation& c, const GroupMemory& memory, std::int64_t group, const Frequencies& du,
                     bool add) {
  constexpr std::int64_t tiles_at_once = 16;
  const std::int64_t first_tile = group * c.plan.group_tiles;
  const std::int64_t tiles = std::min(c.plan.group_tiles, c.grid.tiles - first_tile);
  const Frequencies d = with_rows(memory.d, tiles, chunk);
  const Frequencies v = with_rows(memory.v, tiles, tile_shape<float>().columns);
  parallel_for(0, tiles, tiles_at_once, [&](std::int64_t first, std::int64_t last) {
    const TileRange range{c.grid, first_tile + first, last - first};
    transform_input(c.tiling, c.x, range, v, first);
    transform_output_gradient(c.tiling, c.dy, range, d, first);
  });
  const std::int64_t columns = v.panels.columns, parts = blocks(columns, c.plan.columns_a_product);
  parallel_for(0, frequencies(c.tiling) * parts, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t column = i % parts * c.plan.columns_a_product;
      multiply_frequency(d, v, du, i / parts, column, std::min(c.plan.columns_a_product, columns - column), add);
    }
  });
}

/// sums[0] += sums[1] + sums[2] + ..., in this order.
void add_up(const std::vector<OwnedFrequencies>& sums, std::int64_t elements) {
  constexpr std::int64_t elements_at_once = 1 << 14;
  parallel_for(0, elements, elements_at_once, [&](std::int64_t first, std::int64_t last) {
    for (std::size_t s = 1; s < sums.size(); ++s) {
      float* to = sums[0].view.data;
      const float* from = sums[s].view.data;
      for (std::int64_t i = first; i < last; ++i) to[i] += from[i];
    }
  });
}

}  // namespace

void backward_weights(Tiling tiling, const Tensor& x, const Tensor& dy, const ConvPrologue& prologue,
                      const Padding& padding, const Tensor& dw, float beta) {
  const TileGrid grid(dy.shape(), tiling);
  const Correlation correlation{
      .tiling = tiling,
      .x = input_tiles(x, prologue, padding),
      .dy = {.data = dy.data<float>(), .shape = dy.shape(), .pitch = dy.pitch()},
      .grid = grid,
      .plan = weights_plan(tiling, grid.tiles, round_up(dy.c(), channel_step), round_up(x.c(), channel_step))};
  const std::int64_t rows = correlation.rows(), columns = correlation.columns(), groups = correlation.groups();
  const std::int64_t runs = correlation.plan.runs;
  // A multiple of 256 bytes between the rows of a tile would have them share few sets of the cache.
  const std::int64_t pitch = columns % 64 == 0 ? columns + channel_step : columns;
  std::vector<OwnedFrequencies> sums;
  for (std::int64_t run = 0; run < runs; ++run) sums.push_back(make_frequencies(tiling, {rows, pitch, 1, pitch}));
  const auto correlate = [&](std::int64_t first, std::int64_t last) {
    const GroupMemory memory(correlation);
    for (std::int64_t run = first; run < last; ++run) {
      const std::int64_t begin = groups * run / runs, end = groups * (run + 1) / runs;
      for (std::int64_t group = begin; group < end; ++group) {
        correlate_group(correlation, memory, group, sums[static_cast<std::size_t>(run)].view, group > begin);
      }
    }
  };
  runs > 1 ? parallel_for(0, runs, 1, correlate) : correlate(0, 1);
  const Frequencies& du = sums[0].view;
  add_up(sums, frequencies(tiling) * du.step);
  parallel_for(0, dw.n(), 1, [&](std::int64_t first, std::int64_t last) {
    transform_filter_gradient(tiling, du, first, last - first, dw, beta);
  });
}

}  // namespace nn::cpu::winograd
