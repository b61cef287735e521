// Forward and backward for data by minimal filtering, Y = A^T [ sum over channels of U . V ] A:
//
//   group of tiles --transform--> V  36 x (tiles x in)          for all tiles of a group, panels of a few tiles
//                                 M  36 x (tiles x out) = V U   36 matrix products
//   pixels of Y  <--transform--   M                             + scale, shift, ReLU, beta, statistics
//
// A small group's V and M lie in one core's second-level cache from beginning to end, and threads share the groups
// ("fused"). With many channels the filters U no longer fit a cache beside them, and reading them anew for every small
// group costs more than the products: then a group is large and threads share the work within it.
#include "nn/cpu/winograd/winograd.h"

#include "nn/core/parallel.h"
#include "nn/cpu/filters/kept_filters.h"
#include "nn/cpu/gemm/blocking.h"
#include "nn/cpu/loops/channel_moments.h"
#include "nn/cpu/winograd/winograd_plan.h"

namespace nn::cpu::winograd {
namespace {

/// The filters' frequencies, channels in x channels out, packed for products.
struct Filters {
  Filters(Tiling tiling, const FilterSource& source)
      : frequencies(make_frequencies(tiling, panels(source.depth, source.columns))) {
    parallel_for(0, depth(), channel_step, [&](std::int64_t first, std::int64_t last) {
      transform_filters(tiling, source, first, last - first, frequencies.view);
    });
  }

  static Panels panels(std::int64_t channels_in, std::int64_t channels_out) {
    const std::int64_t depth = round_up(channels_in, channel_step);
    return {.rows = depth,
            .columns = round_up(channels_out, channel_step),
            .band = equal_step(depth, max_depth, channel_step),
            .width = tile_shape<float>().columns};
  }
  /// What those of a forward pass take.
  static std::size_t bytes(Tiling tiling, const Tensor& w) {
    const std::int64_t elements = winograd::frequencies(tiling) * frequency_step(panels(w.c(), w.n()));
    return static_cast<std::size_t>(elements) * sizeof(float);
  }

  std::int64_t depth() const { return frequencies.view.panels.rows; }
  std::int64_t columns() const { return frequencies.view.panels.columns; }
  /// Depths that a product meets at once.
  std::int64_t depth_step() const { return frequencies.view.panels.band; }

  OwnedFrequencies frequencies;
};

/// One convolution: what is read and written does not change from group to group.
struct Convolution {
  Tiling tiling;
  TileSource source;
  const Filters& filters;
  TileGrid grid;
  std::int64_t channels;  // out
  ForwardPlan plan;
};

/// Working memory for one group.
struct GroupMemory {
  explicit GroupMemory(const Convolution& c)
      : v(make_frequencies(c.tiling, {.rows = c.plan.group_tiles,
                                      .columns = c.filters.depth(),
                                      .band = tile_shape<float>().rows,
                                      .width = chunk})),
        m(make_frequencies(c.tiling, {.rows = c.plan.group_tiles,
                                      .columns = c.plan.columns_at_once + channel_step,
                                      .band = 1,
                                      .width = c.plan.columns_at_once + channel_step})) {}

  OwnedFrequencies v, m;
};

/// M = V U for one frequency and columns [column, column + columns) of the filters; M begins at its own column 0.
void multiply_frequency(const Convolution& c, const GroupMemory& memory, std::int64_t frequency, std::int64_t tiles,
                        std::int64_t column, std::int64_t columns, std::int64_t m_column) {
  const Frequencies &v = memory.v.view, &u = c.filters.frequencies.view, &m = memory.m.view;
  for (std::int64_t p = 0; p < c.filters.depth(); p += c.filters.depth_step()) {
    multiply_block<float>({.a = v.data + frequency * v.step + v.panels.panel(0, p),
                           .a_order = PanelOrder::chunks,
                           .a_panel = v.panels.band * v.panels.columns,
                           .b = u.data + frequency * u.step + u.panels.panel(p, column),
                           .c = m.data + frequency * m.step + m_column,
                           .c_pitch = m.panels.columns,
                           .rows = tiles,
                           .columns = columns,
                           .depth = u.panels.band_rows(p),
                           .add = p > 0});
  }
}

/// All of a group's tiles from pixels to pixels. The loops are parallel unless groups are.
void convolve_group(const Convolution& c, const GroupMemory& memory, std::int64_t first_tile,
                    const TileOutput& output) {
  const std::int64_t tiles = std::min(c.plan.group_tiles, c.grid.tiles - first_tile);
  const std::int64_t panel = tile_shape<float>().rows;
  parallel_for(0, tiles, panel, [&](std::int64_t first, std::int64_t last) {
    transform_input(c.tiling, c.source, {c.grid, first_tile + first, last - first}, memory.v.view, first);
  });
  for (std::int64_t column = 0; column < c.filters.columns(); column += c.plan.columns_at_once) {
    const std::int64_t columns = std::min(c.plan.columns_at_once, c.filters.columns() - column);
    const std::int64_t parts = blocks(columns, c.plan.columns_a_product);
    parallel_for(0, frequencies(c.tiling) * parts, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        const std::int64_t begin = i % parts * c.plan.columns_a_product;
        multiply_frequency(c, memory, i / parts, tiles, column + begin,
                           std::min(c.plan.columns_a_product, columns - begin), begin);
      }
    });
    const std::int64_t used = std::min(columns, c.channels - column);
    parallel_for(0, tiles, panel, [&](std::int64_t first, std::int64_t last) {
      Frequencies m = memory.m.view;
      m.data += first * m.panels.columns;
      output(m, {c.grid, first_tile + first, last - first}, column, used);
    });
  }
}

/// Output tiles of images of shape `to`.
void convolve(Tiling tiling, const TileSource& source, const Filters& filters, const Shape& to,
              const TileOutput& output) {
  const TileGrid grid(to, tiling);
  const ForwardPlan plan = forward_plan(tiling, grid.tiles, filters.depth(), filters.columns());
  const Convolution convolution{tiling, source, filters, grid, to.c, plan};
  const std::int64_t groups = blocks(grid.tiles, plan.group_tiles);
  const auto all_of = [&](std::int64_t first, std::int64_t last) {
    const GroupMemory memory(convolution);
    for (std::int64_t group = first; group < last; ++group) {
      convolve_group(convolution, memory, group * plan.group_tiles, output);
    }
  };
  if (plan.fused) {
    parallel_for(0, groups, std::max<std::int64_t>(1, groups / 64), all_of);
  } else {
    all_of(0, groups);
  }
}

/// {out,kernel,kernel,in} as a matrix in x out for each tap.
Tensor transposed_taps(const Tensor& w) {
  const std::int64_t count = w.h() * w.w(), pitch = w.pitch(), channels = w.c(), filters = w.n();
  Tensor taps = Tensor::empty({count, 1, channels, filters});
  parallel_for(0, channels, channel_step, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t begin = 0; begin < filters; begin += channel_step) {  // blocks that fit the first-level cache
      const std::int64_t end = std::min(begin + channel_step, filters);
      for (std::int64_t tap = 0; tap < count; ++tap) {
        const float* from = w.data<float>() + tap * pitch;
        float* to = taps.row<float>(tap * channels);
        for (std::int64_t c = first; c < last; ++c) {
          for (std::int64_t k = begin; k < end; ++k) to[c * filters + k] = from[count * k * pitch + c];
        }
      }
    }
  });
  return taps;
}

/// Those of the forward pass. With few tiles transforming filters is a large part of the work (a third for 50 tiles,
/// 5 % for 512): then they are kept.
std::shared_ptr<const Filters> forward_filters(Tiling tiling, const Tensor& w, std::int64_t tiles) {
  constexpr std::int64_t few_tiles = 512;
  const auto transform = [&] {
    const Tensor taps = transposed_taps(w);
    const FilterSource source{
        .data = taps.data<float>(), .tap_step = w.c() * w.n(), .depth_step = w.n(), .depth = w.c(), .columns = w.n()};
    return std::make_shared<const Filters>(tiling, source);
  };
  return filters_for_call<Filters>(w, tiles <= few_tiles, static_cast<int>(tiling), Filters::bytes(tiling, w),
                                   transform);
}

const float* data_or_null(const Tensor& vector) { return vector.defined() ? vector.data<float>() : nullptr; }

TileTarget output_tiles(const Tensor& y, const ConvEpilogue& epilogue) {
  return {.data = y.data<float>(),
          .shape = y.shape(),
          .pitch = y.pitch(),
          .scale = data_or_null(epilogue.scale),
          .shift = data_or_null(epilogue.shift),
          .relu = epilogue.relu,
          .beta = epilogue.beta};
}

/// Adds up channels [column, column + columns) of the pixels of y that tiles became, and that are still in the cache.
void measure(Tiling tiling, const Tensor& y, const TileRange& tiles, std::int64_t column, std::int64_t columns,
             ChannelMoments& moments, std::int64_t piece) {
  PieceMoments<float> sums(columns);
  const auto& [grid, first, count] = tiles;
  for (std::int64_t tile = first; tile < first + count;) {  // as many as lie side by side in a line of tiles
    const std::int64_t line = tile / grid.count_w,
                       in_line = std::min(grid.count_w - tile % grid.count_w, first + count - tile);
    const std::int64_t h = line % grid.count_h * output_side(tiling), w = tile % grid.count_w * output_side(tiling);
    const std::int64_t pixels = std::min(in_line * output_side(tiling), y.w() - w);
    for (std::int64_t i = h; i < std::min(h + output_side(tiling), y.h()); ++i) {
      sums.add(y.row<float>((line / grid.count_h * y.h() + i) * y.w() + w) + column, y.pitch(), pixels);
    }
    tile += in_line;
  }
  sums.store(moments, piece, column);
}

}  // namespace

std::optional<Tiling> tiling_for(ConvPass pass, const Tensor& x, const Tensor& w, const ConvGeometry& geometry) {
  switch (conv_algorithm(pass, x.shape(), w.shape(), geometry, x.dtype())) {
    case ConvAlgorithm::direct:
      return std::nullopt;
    case ConvAlgorithm::f2x2_3x3:
      return Tiling::f2x2_3x3;
    case ConvAlgorithm::f4x4_3x3:
      return Tiling::f4x4_3x3;
    case ConvAlgorithm::f3x3_2x2:
      return Tiling::f3x3_2x2;
  }
  return std::nullopt;
}

TileSource input_tiles(const Tensor& x, const ConvPrologue& prologue, const Padding& padding) {
  return {.data = x.data<float>(),
          .shape = x.shape(),
          .pitch = x.pitch(),
          .first_h = -padding.top,
          .first_w = -padding.left,
          .scale = data_or_null(prologue.scale),
          .shift = data_or_null(prologue.shift),
          .relu = prologue.relu};
}

void forward(Tiling tiling, const Tensor& x, const Tensor& w, const ConvPrologue& prologue,
             const ConvEpilogue& epilogue, const Padding& padding, const Tensor& y) {
  const std::int64_t panel = tile_shape<float>().rows;
  std::optional<ChannelMoments> moments;
  if (epilogue.mean.defined()) moments.emplace(blocks(TileGrid(y.shape(), tiling).tiles, panel), y.c());
  const TileTarget target = output_tiles(y, epilogue);
  const auto to_pixels = [&](const Frequencies& m, const TileRange& tiles, std::int64_t column, std::int64_t columns) {
    transform_output(tiling, m, tiles, column, columns, target);
    if (moments) measure(tiling, y, tiles, column, columns, *moments, tiles.first / panel);
  };
  const auto filters = forward_filters(tiling, w, TileGrid(y.shape(), tiling).tiles);
  convolve(tiling, input_tiles(x, prologue, padding), *filters, y.shape(), to_pixels);
  if (moments) moments->write(epilogue.mean, epilogue.variance);
}

void forward_max_pool(Tiling tiling, const Tensor& x, const Tensor& w, const ConvEpilogue& epilogue,
                      const Padding& padding, const Shape& map, const Tensor& y) {
  TileTarget target = output_tiles(y, epilogue);
  target.maxima = true;
  const auto filters = forward_filters(tiling, w, TileGrid(map, tiling).tiles);
  convolve(tiling, input_tiles(x, {}, padding), *filters, map,
           [&](const Frequencies& m, const TileRange& tiles, std::int64_t column, std::int64_t columns) {
             transform_output(tiling, m, tiles, column, columns, target);
           });
}

void backward_data(Tiling tiling, const Tensor& dy, const Tensor& w, const Padding& padding, const Shape& dz,
                   const TileOutput& output) {
  // A convolution of dy with the filters turned around (taps from last to first), channels in and out exchanged.
  const std::int64_t taps = w.h() * w.w();
  const Filters filters(tiling, {.data = w.row<float>(taps - 1),
                                 .tap_step = -w.pitch(),
                                 .depth_step = taps * w.pitch(),
                                 .depth = w.n(),
                                 .columns = w.c()});
  convolve(tiling,
           {.data = dy.data<float>(),
            .shape = dy.shape(),
            .pitch = dy.pitch(),
            .first_h = padding.top - (w.h() - 1),
            .first_w = padding.left - (w.w() - 1)},
           filters, dz, output);
}

void backward_data(Tiling tiling, const Tensor& dy, const Tensor& w, const Padding& padding, const Tensor& dz,
                   float beta) {
  const TileTarget target{.data = dz.data<float>(), .shape = dz.shape(), .pitch = dz.pitch(), .beta = beta};
  backward_data(tiling, dy, w, padding, dz.shape(),
                [&](const Frequencies& m, const TileRange& tiles, std::int64_t column, std::int64_t columns) {
                  transform_output(tiling, m, tiles, column, columns, target);
                });
}

}  // namespace nn::cpu::winograd
