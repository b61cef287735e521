// Cut as the products of f32 are (row_product.h).
#include "nn/cpu/bf16/bf16_product.h"

#include <algorithm>

#include "nn/core/parallel.h"
#include "nn/cpu/gemm/row_product.h"

namespace nn::cpu {
namespace {

constexpr std::int64_t most_rows = 128;     // of a piece of C
constexpr std::int64_t read_at_once = 128;  // elements of a row that are read before they are rounded

/// A depth in runs as equal as can be, in multiples of 32 but for the end.
struct Bf16Runs {
  explicit Bf16Runs(std::int64_t all)
      : depth(all), step(all == 0 ? 1 : equal_step(all, bf16_max_depth, bf16_depth_unit)), count(blocks(all, step)) {}
  std::int64_t begin(std::int64_t run) const { return run * step; }
  std::int64_t length(std::int64_t run) const { return std::min(step, depth - begin(run)); }
  std::int64_t padded(std::int64_t run) const { return round_up(length(run), bf16_depth_unit); }

  std::int64_t depth, step, count;
};

/// Columns [begin, begin + depth) of rows of a matrix, rounded, rows bf16_max_depth apart; zeros up to `padded`.
void round_rows(const MatrixReader<float>& matrix, std::int64_t row, std::int64_t rows, std::int64_t begin,
                std::int64_t depth, std::int64_t padded, const Bf16Kernel& kernel, float* memory, bfloat16* to) {
  for (std::int64_t p = 0; p < depth; p += read_at_once) {
    const std::int64_t count = std::min(read_at_once, depth - p), memory_pitch = round_up(count, 16);
    matrix.read(row, rows, begin + p, count, memory, memory_pitch);
    for (std::int64_t i = 0; i < rows; ++i) {
      kernel.round(memory + i * memory_pitch, count, to + i * bf16_max_depth + p);
    }
  }
  if (depth == padded) return;
  for (std::int64_t i = 0; i < rows; ++i)
    std::fill(to + i * bf16_max_depth + depth, to + i * bf16_max_depth + padded, bfloat16());
}

/// `width` rows of `depth`, bf16_max_depth apart, to columns: pairs of depths are words of 32 bits.
void turn_pairs(const bfloat16* from, std::int64_t depth, std::int64_t width, bfloat16* to) {
  constexpr std::int64_t at_once = 16;  // words of each row: as many rows of `to` as stay in the first-level cache
  for (std::int64_t first = 0; first < depth / 2; first += at_once) {
    for (std::int64_t j = 0; j < width; ++j) {
      for (std::int64_t p = first; p < first + at_once; ++p) {
        const bfloat16* pair = from + j * bf16_max_depth + 2 * p;
        bfloat16* turned = to + 2 * (p * width + j);
        turned[0] = pair[0];
        turned[1] = pair[1];
      }
    }
  }
}

/// Working memory of a thread.
struct Memory {
  Memory(const RowProduct<float>& product, const Cut& cut)
      : read(scratch<float>(product.rows_at_once * read_at_once)),
        rows(scratch<bfloat16>(product.rows_at_once * bf16_max_depth)),
        c(scratch<float>(round_up(cut.row_step, product.rows_at_once) * product.c_pitch)) {}
  Tensor read, rows, c;
};

void compute(const RowProduct<float>& product, const Bf16Matrix& b, const Bf16Kernel& kernel, const Piece& piece,
             const Memory& memory) {
  const Bf16Runs runs(b.depth());
  float* const c = memory.c.data<float>();
  bfloat16* const packed = memory.rows.data<bfloat16>();
  const auto pack = [&](std::int64_t run, std::int64_t row, std::int64_t rows) {
    round_rows(product.a, piece.row + row, rows, runs.begin(run), runs.length(run), runs.padded(run), kernel,
               memory.read.data<float>(), packed);
  };
  const auto multiply = [&](std::int64_t run, std::int64_t row, std::int64_t rows, std::int64_t column,
                            std::int64_t columns) {
    kernel.multiply({.a = packed,
                     .b = b.block(runs.begin(run), runs.padded(run), piece.column + column),
                     .c = c + row * product.c_pitch + column,
                     .c_pitch = product.c_pitch,
                     .rows = rows,
                     .columns = round_up(columns, bf16_column_unit),
                     .depth = runs.padded(run),
                     .add = run > 0});
  };
  compute_piece(product, runs, piece, c, pack, multiply);
}

std::int64_t padded_elements(std::int64_t depth, std::int64_t columns) {
  return round_up(depth, bf16_depth_unit) * round_up(columns, bf16_column_unit);
}

/// Encloses a thread's products.
class Session {
 public:
  explicit Session(const Bf16Kernel& kernel) : end_(kernel.end) { kernel.begin(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { end_(); }

 private:
  void (*end_)();
};

}  // namespace

Bf16Matrix::Bf16Matrix(const MatrixReader<float>& transposed, std::int64_t depth, std::int64_t columns,
                       const Bf16Kernel& kernel)
    : depth_(depth),
      columns_(columns),
      padded_columns_(round_up(columns, bf16_column_unit)),
      data_(scratch<bfloat16>(padded_elements(depth, columns))) {
  const Bf16Runs runs(depth);
  const std::int64_t panels = blocks(columns, bf16_panel);
  parallel_for(0, runs.count * panels, 1, [&](std::int64_t first, std::int64_t last) {
    const Tensor read = scratch<float>(bf16_panel * read_at_once),
                 rows = scratch<bfloat16>(bf16_panel * bf16_max_depth);
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t run = i / panels, column = i % panels * bf16_panel, padded = runs.padded(run);
      const std::int64_t used = std::min(bf16_panel, columns - column);
      const std::int64_t width = std::min(bf16_panel, padded_columns_ - column);
      bfloat16* const from = rows.data<bfloat16>();
      std::fill(from + used * bf16_max_depth, from + width * bf16_max_depth, bfloat16());
      round_rows(transposed, column, used, runs.begin(run), runs.length(run), padded, kernel, read.data<float>(), from);
      bfloat16* const to = data_.data<bfloat16>() + runs.begin(run) * padded_columns_ + column * padded;
      turn_pairs(from, padded, width, to);
    }
  });
}

std::int64_t Bf16Matrix::bytes(std::int64_t depth, std::int64_t columns) {
  return padded_elements(depth, columns) * static_cast<std::int64_t>(sizeof(bfloat16));
}

void multiply_bf16(const MatrixReader<float>& a, std::int64_t rows, const Bf16Matrix& b, const MatrixWriter<float>& c,
                   const Bf16Kernel& kernel) {
  const std::int64_t unit = kernel.rows_at_once;
  const Cut cut = cut_by_rows(rows, b.columns(), std::min(round_up(rows, unit), most_rows / unit * unit));
  const std::int64_t run_depth =
      std::clamp<std::int64_t>(round_up(b.depth(), bf16_depth_unit), bf16_depth_unit, bf16_max_depth);
  const RowProduct<float> product{
      .a = a,
      .c = c,
      .rows_at_once = std::min(bf16_max_depth / run_depth * unit, cut.row_step),
      .panel = bf16_panel,
      .c_pitch = cut.pitch({.rows = unit, .columns = bf16_panel, .vector = bf16_column_unit}),
      .from_memory = rows * (b.depth() + b.columns()) > most_cached};
  const std::int64_t pieces_at_once = std::max<std::int64_t>(1, cut.pieces() / 64);
  parallel_for(0, cut.pieces(), pieces_at_once, [&](std::int64_t first, std::int64_t last) {
    const Memory memory(product, cut);
    const Session session(kernel);
    for (std::int64_t i = first; i < last; ++i) {
      const Piece piece = cut.piece(i);
      compute(product, b, kernel, piece, memory);
      c.write(piece.row, piece.rows, piece.column, piece.columns, memory.c.data<float>(), product.c_pitch);
    }
  });
}

}  // namespace nn::cpu
