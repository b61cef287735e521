#include "nn/cpu/conv/line_conv.h"

#include <functional>

#include "nn/core/parallel.h"
#include "nn/cpu/conv/image_lines.h"
#include "nn/cpu/conv/line_product.h"
#include "nn/cpu/gemm/blocking.h"
#include "nn/cpu/target/simd_target.h"

namespace nn::cpu {
namespace {

constexpr std::int64_t most_rows = 128;                     // of a piece, if it has several lines
constexpr std::int64_t most_columns = 512;                  // of a piece of the result
constexpr std::int64_t most_kept = std::int64_t{1} << 16U;  // elements of C^T that stay in the second-level cache
constexpr std::int64_t rows_at_once = 28;                   // while so many are computed, their place is fetched
constexpr std::int64_t columns_at_once = 48;                // of C, while rows of C^T are added up and transposed

/// Whether a piece of `lines` output lines fits the second-level cache beside what it sees. Few lines may be long: a
/// piece of one line of a 3x3 convolution in steps of two reads three lines where two are new, of four nine for eight.
bool fits_a_piece(std::int64_t lines, const WindowGrid& grid) {
  return lines * grid.count_w <= (lines <= 4 ? 4 * most_rows : most_rows);
}

/// Output lines of a piece: a divisor of an image's lines, so that no piece is of two images.
std::int64_t lines_per_piece(const Shape& image, const WindowGrid& grid) {
  const auto fits = [&](std::int64_t lines) {
    return grid.count_h % lines == 0 && fits_a_piece(lines, grid) && image.n * grid.count_h / lines >= wanted_pieces;
  };
  std::int64_t lines = grid.count_h;
  while (lines > 1 && !fits(lines)) --lines;
  return lines;
}

/// Working memory for lines: a product may read a row more than there is.
Tensor line_memory(const ImageLines& lines, std::int64_t count) {
  Tensor memory = scratch<float>(count * lines.pitch() + lines.step());
  std::fill_n(memory.data<float>() + count * lines.pitch(), lines.step(), 0.0F);
  return memory;
}

/// The windows that cover those of each set.
template <class Sets, class GridOf>
WindowGrid windows_around(const Sets& sets, const GridOf& grid_of) {
  WindowGrid around = grid_of(sets.front());
  std::int64_t end_h = around.first_h + around.kernel_h, end_w = around.first_w + around.kernel_w;
  for (const auto& set : sets) {
    const WindowGrid& grid = grid_of(set);
    around.first_h = std::min(around.first_h, grid.first_h);
    around.first_w = std::min(around.first_w, grid.first_w);
    end_h = std::max(end_h, grid.first_h + grid.kernel_h);
    end_w = std::max(end_w, grid.first_w + grid.kernel_w);
  }
  around.kernel_h = end_h - around.first_h;
  around.kernel_w = end_w - around.first_w;
  return around;
}

/// Pieces of the result are whole output lines; the image's lines that they see are read once and stay in the
/// second-level cache.
struct Forward {
  const ImageLines& lines;
  const WindowGrid& grid;  // of the lines: what the windows of all sets see
  std::int64_t channels;
  std::int64_t output_lines, c_pitch;  // of a piece
  bool from_memory;

  std::int64_t image_lines() const { return (output_lines - 1) * grid.step_h + grid.kernel_h; }

  void read_lines(std::int64_t line, float* to) const {
    const std::int64_t n = line / grid.count_h, h = line % grid.count_h * grid.step_h + grid.first_h;
    for (std::int64_t i = 0; i < image_lines(); ++i) lines.read(n, h + i, to + i * lines.pitch());
  }

  /// block = some columns of a set's piece that begins at output line `line`.
  void multiply(const LineSet& set, const float* image, std::int64_t line, std::int64_t column, std::int64_t columns,
                float* block) const {
    const TileShape tile = tile_shape<float>();
    const DepthRuns runs(set.b.depth());
    const std::int64_t row_step = equal_step(grid.count_w, rows_at_once, 2), window = set.grid.kernel_w * channels;
    image += (set.grid.first_h - grid.first_h) * lines.pitch() + (set.grid.first_w - grid.first_w) * channels;
    for (std::int64_t run = 0; run < runs.count; ++run) {
      const std::int64_t begin = runs.begin(run), depth = runs.length(run);
      const std::int64_t window_line = begin / window, in_line = begin % window;
      for (std::int64_t j = 0; j < columns; j += tile.columns) {
        const std::int64_t width = round_up(std::min(tile.columns, columns - j), tile.vector);
        for (std::int64_t i = 0; i < output_lines; ++i) {
          const float* seen = image + (i * grid.step_h + window_line) * lines.pitch() + in_line;
          for (std::int64_t k = 0; k < grid.count_w; k += row_step) {
            const std::int64_t row = i * grid.count_w + k, rows = std::min(row_step, grid.count_w - k);
            if (from_memory && run == runs.count - 1) {
              set.c.expect(line * grid.count_w + row, rows, column + j, std::min(tile.columns, columns - j));
            }
            multiply_lines({.a = seen + k * lines.step(),
                            .row_step = lines.step(),
                            .depth_step = 1,
                            .first_run = window - in_line,
                            .run = window,
                            .run_step = lines.pitch(),
                            .b = set.b.block(begin, depth, column + j),
                            .b_step = width,
                            .c = block + row * c_pitch + j,
                            .c_pitch = c_pitch,
                            .rows = rows,
                            .columns = width,
                            .depth = depth,
                            .add = run > 0});
          }
        }
      }
    }
  }
};

/// For gradients of weights, C^T = Z^T Y: rows are the elements of a window, the depth is the output pixels. Line p of
/// the windows alone meets one line of the image for each output line.
struct Transposed {
  const ImageLines& lines;
  const WindowGrid& grid;
  const Tensor& y;
  std::int64_t lines_at_once, c_pitch;

  /// Elements of C^T that belong to a line of the windows.
  std::int64_t c_size() const { return round_up(lines.run(), 2) * c_pitch; }

  /// c = the sum over output lines [first, last), for lines [p, p + count) of the windows.
  void multiply(std::int64_t p, std::int64_t count, std::int64_t first, std::int64_t last, float* memory,
                float* c) const {
    for (std::int64_t line = first; line < last; line += lines_at_once) {
      for (std::int64_t k = 0; k < count; ++k) {
        add_product(p + k, line, std::min(lines_at_once, last - line), line > first, memory, c + k * c_size());
      }
    }
  }

 private:
  /// c, or what is added to it, for `count` output lines.
  void add_product(std::int64_t p, std::int64_t line, std::int64_t count, bool add, float* memory, float* c) const {
    const TileShape tile = tile_shape<float>();
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t n = (line + i) / grid.count_h, h = (line + i) % grid.count_h * grid.step_h + grid.first_h;
      lines.read(n, h + p, memory + i * lines.pitch());
    }
    for (std::int64_t j = 0; j < y.c(); j += tile.columns) {
      multiply_lines({.a = memory,
                      .row_step = 1,
                      .depth_step = lines.step(),
                      .first_run = grid.count_w,
                      .run = grid.count_w,
                      .run_step = lines.pitch(),
                      .b = y.row<float>(line * grid.count_w) + j,
                      .b_step = y.pitch(),
                      .c = c + j,
                      .c_pitch = c_pitch,
                      .rows = lines.run(),
                      .columns = std::min(tile.columns, y.c() - j),
                      .depth = count * grid.count_w,
                      .add = add});
    }
  }
};

/// Sums of C^T over ranges of output lines ("splits"), for each line of the windows, c_size elements each. Lines that
/// are computed together, which are all or each alone, lie together. Of windows of two lines, in two splits:
///
///     together = 2   │ line 0 │ line 1 │ line 0 │ line 1 │     of splits 0, 0, 1, 1
///     together = 1   │ line 0 │ line 0 │ line 1 │ line 1 │     of splits 0, 1, 0, 1
class PartialSums {
 public:
  PartialSums(std::int64_t lines, std::int64_t together, std::int64_t splits, std::int64_t c_size)
      : together_(together), splits_(splits), c_size_(c_size), memory_(scratch<float>(lines * splits * c_size)) {}

  /// Of a line of the windows; the lines that are computed together with it follow.
  float* at(std::int64_t line, std::int64_t split) const {
    const std::int64_t group = line / together_, in_group = line % together_;
    return memory_.data<float>() + ((group * splits_ + split) * together_ + in_group) * c_size_;
  }
  /// Elements from a split to the next of the same line.
  std::int64_t split_step() const { return together_ * c_size_; }

 private:
  std::int64_t together_, splits_, c_size_;
  Tensor memory_;
};

}  // namespace

bool reads_lines(const WindowGrid& grid, std::int64_t columns, DType dtype) {
  return dtype == DType::f32 && !simd_target_is_baseline() && grid.kernel_h * grid.kernel_w > 1 && grid.count_w >= 8 &&
         grid.count_w % 2 == 0 && columns >= tile_shape<float>().columns;
}

std::int64_t line_piece_rows(const Shape& image, const WindowGrid& grid) {
  return lines_per_piece(image, grid) * grid.count_w;
}

bool reads_lines_together(const std::vector<WindowGrid>& grids, std::int64_t columns, std::int64_t b_elements,
                          DType dtype) {
  const auto fits = [&](const WindowGrid& grid) {
    return grid.kernel_h * grid.kernel_w > 0 && grid.count_h == grids.front().count_h &&
           grid.count_w == grids.front().count_w;
  };
  return grids.size() > 1 && std::all_of(grids.begin(), grids.end(), fits) && b_elements <= most_kept &&
         reads_lines(windows_around(grids, std::identity()), columns, dtype);
}

void multiply_lines_of(const Tensor& image, const ConvPrologue& prologue, const std::vector<LineSet>& sets) {
  const TileShape tile = tile_shape<float>();
  const WindowGrid grid = windows_around(sets, [](const LineSet& set) { return set.grid; });
  const ImageLines lines(image, grid, prologue);
  const std::int64_t all_lines = image.n() * grid.count_h;
  std::int64_t most_of_sets = 0, all_columns = 0;
  for (const LineSet& set : sets) {
    most_of_sets = std::max(most_of_sets, set.b.columns());
    all_columns += set.b.columns();
  }
  const Forward product{.lines = lines,
                        .grid = grid,
                        .channels = image.c(),
                        .output_lines = lines_per_piece(image.shape(), grid),
                        .c_pitch = round_up(std::min(most_of_sets, most_columns), tile.columns) + tile.vector,
                        .from_memory = image.elements() + all_lines * grid.count_w * all_columns > most_cached};
  const std::int64_t pieces = all_lines / product.output_lines, rows = product.output_lines * grid.count_w;
  parallel_for(0, pieces, std::max<std::int64_t>(1, pieces / 64), [&](std::int64_t first, std::int64_t last) {
    const Tensor seen = line_memory(lines, product.image_lines()), block = scratch<float>(rows * product.c_pitch);
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t line = i * product.output_lines;
      product.read_lines(line, seen.data<float>());
      for (const LineSet& set : sets) {
        for (std::int64_t column = 0; column < set.b.columns(); column += most_columns) {
          const std::int64_t columns = std::min(most_columns, set.b.columns() - column);
          product.multiply(set, seen.data<float>(), line, column, columns, block.data<float>());
          set.c.write(line * grid.count_w, rows, column, columns, block.data<float>(), product.c_pitch);
        }
      }
    }
  });
}

void multiply_transposed_lines_of(const Tensor& y, const Tensor& image, const WindowGrid& grid,
                                  const ConvPrologue& prologue, const MatrixWriter<float>& c) {
  const ImageLines lines(image, grid, prologue);
  const Transposed product{.lines = lines,
                           .grid = grid,
                           .y = y,
                           .lines_at_once = std::max<std::int64_t>(1, most_rows / grid.count_w),
                           .c_pitch = y.c() + chunk};
  // All lines of the windows together, so that Y is read from memory once, or where their C^T is too large for that
  // each alone; partial sums over ranges of output lines, which are added in order.
  const std::int64_t all_lines = image.n() * grid.count_h, c_size = product.c_size();
  const std::int64_t together = grid.kernel_h * c_size <= most_kept ? grid.kernel_h : 1;
  const std::int64_t groups = grid.kernel_h / together;
  const std::int64_t splits = std::min(round_up(blocks(wanted_pieces, groups), 2), all_lines);
  const PartialSums partial(grid.kernel_h, together, splits, c_size);
  parallel_for(0, groups * splits, 1, [&](std::int64_t first, std::int64_t last) {
    const Tensor memory = line_memory(lines, product.lines_at_once);
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t p = i / splits * together, split = i % splits;
      product.multiply(p, together, all_lines * split / splits, all_lines * (split + 1) / splits, memory.data<float>(),
                       partial.at(p, split));
    }
  });
  const std::int64_t run = lines.run(), columns = grid.kernel_h * run;
  parallel_for(0, columns, columns_at_once, [&](std::int64_t first, std::int64_t last) {
    const Tensor memory = scratch<float>(y.c() * columns_at_once);
    float* transposed = memory.data<float>();
    for (std::int64_t column = first; column < last; ++column) {
      float* sum = partial.at(column / run, 0) + column % run * product.c_pitch;
      for (std::int64_t split = 1; split < splits; ++split) {
        const float* more = sum + split * partial.split_step();
        for (std::int64_t o = 0; o < y.c(); ++o) sum[o] += more[o];
      }
      for (std::int64_t o = 0; o < y.c(); ++o) transposed[o * columns_at_once + column - first] = sum[o];
    }
    c.write(0, y.c(), first, last - first, transposed, columns_at_once);
  });
}

}  // namespace nn::cpu
