// The gradients of y = conv2d(z, w) with z = normalize(x), without z and without dz in memory:
//   dw   is the product of dy with x, which packing normalises as it does in the forward pass
//   dz   = dy times w comes piece by piece; while a piece lies in a cache, its elements go on through the normalisation
//        to dx, and to the sums over rows from which the gradients of the normalisation's vectors follow.
#include "nn/kernels/normalize_conv.h"

#include <vector>

#include "nn/cpu/conv/conv_data.h"
#include "nn/cpu/gemm/blocking.h"
#include "nn/cpu/loops/elementwise.h"
#include "nn/cpu/loops/normalize_gradients.h"
#include "nn/cpu/loops/normalize_rows.h"
#include "nn/cpu/loops/row_sums.h"
#include "nn/cpu/winograd/winograd.h"

namespace nn {
namespace cpu {
namespace {

/// A normalisation as two vectors (fold_normalization), and where the gradient of x goes.
struct Normalized {
  Tensor x, mean, scale, shift;
  bool relu;
  NormalizeGradient dx;

  Normalized(const Tensor& map, const NormalizeParameters& p, const NormalizeGradient& dx_target)
      : x(map),
        mean(p.mean),
        scale(Tensor::empty(p.mean.shape(), p.mean.dtype())),
        shift(Tensor::empty(p.mean.shape(), p.mean.dtype())),
        relu(p.relu),
        dx(dx_target) {
    fold_normalization(p, scale, shift);
  }

  ConvPrologue prologue() const { return {.scale = scale, .shift = shift, .relu = relu}; }

  /// Takes `count` rows of dz, rows `pitch` apart, for columns [column, column + columns) of the pixels `pixel`,
  /// pixel + step... of x. The terms of their sums are added to sums[0...], those of products to sums[columns...].
  template <class T>
  void back(const T* dz, std::int64_t pitch, std::int64_t count, std::int64_t pixel, std::int64_t step,
            std::int64_t column, std::int64_t columns, T* sums) const {
    normalize_rows_backward<T>({.dz = dz,
                                .dz_pitch = pitch,
                                .x = x.row<T>(pixel) + column,
                                .x_pitch = step * x.pitch(),
                                .dx = dx.gradient.defined() ? dx.gradient.row<T>(pixel) + column : nullptr,
                                .dx_pitch = dx.gradient.defined() ? step * dx.gradient.pitch() : 0,
                                .rows = count,
                                .columns = columns,
                                .mean = mean.data<T>() + column,
                                .scale = scale.data<T>() + column,
                                .shift = shift.data<T>() + column,
                                .relu = relu,
                                .beta = static_cast<T>(dx.beta),
                                .sum = sums,
                                .product = sums + columns});
  }
};

/// The sums of pieces of rows: in T for a few rows, in double for a piece, which one thread writes at a time. Pieces
/// are added up in order.
class PieceSums {
 public:
  PieceSums(std::int64_t pieces, std::int64_t channels)
      : channels_(channels), sums_(static_cast<std::size_t>(pieces * 2 * channels)) {}

  /// Adds 2 x `columns` terms of a few rows.
  template <class T>
  void add(std::int64_t piece, std::int64_t column, std::int64_t columns, const T* terms) {
    double* sums = sums_.data() + piece * 2 * channels_ + column;
    for (std::int64_t k = 0; k < columns; ++k) sums[k] += static_cast<double>(terms[k]);
    for (std::int64_t k = 0; k < columns; ++k) sums[channels_ + k] += static_cast<double>(terms[columns + k]);
  }

  void add_to(std::vector<double>& totals) const {
    for (auto piece = sums_.begin(); piece != sums_.end(); piece += 2 * channels_) {
      for (std::size_t i = 0; i < totals.size(); ++i) totals[i] += piece[static_cast<std::ptrdiff_t>(i)];
    }
  }

 private:
  std::int64_t channels_;
  std::vector<double> sums_;  // for each piece the sums of all channels, then the sums of products
};

/// Takes the rows of a product, which is dz.
template <class T>
class NormalizedWriter final : public MatrixWriter<T> {
 public:
  NormalizedWriter(const Normalized& normalized, const WindowGrid& pixels, std::int64_t piece_rows)
      : normalized_(normalized),
        image_(normalized.x, pixels),
        piece_rows_(piece_rows),
        sums_(blocks(normalized.x.n() * pixels.count_h * pixels.count_w, piece_rows), normalized.x.c()) {}

  void write(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, const T* from,
             std::int64_t pitch) const override {
    std::vector<T> terms(static_cast<std::size_t>(2 * columns));
    for (const std::int64_t piece = row / piece_rows_, end = row + rows; row < end; row += rows_per_block) {
      std::fill(terms.begin(), terms.end(), T(0));
      for_each_line(image_.grid, row, std::min(rows_per_block, end - row),
                    [&](std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t count) {
                      normalized_.back(from, pitch, count, image_.pixel(n, h, w), image_.grid.step_w, column, columns,
                                       terms.data());
                      from += count * pitch;
                    });
      sums_.add(piece, column, columns, terms.data());
    }
  }

  const PieceSums& sums() const { return sums_; }

 private:
  const Normalized& normalized_;
  GridImage image_;
  std::int64_t piece_rows_;
  mutable PieceSums sums_;  // no two threads share a piece's columns
};

template <class T>
void back_by_products(const Normalized& normalized, const Tensor& w, const Tensor& dy, const ConvGeometry& geometry,
                      std::vector<double>& totals) {
  multiply_backward_data<T>(dy, w, geometry, normalized.x.shape(),
                            [&](const WindowGrid& pixels, std::int64_t piece_rows, const auto& multiply_into) {
                              const NormalizedWriter<T> writer(normalized, pixels, piece_rows);
                              multiply_into(writer);
                              writer.sums().add_to(totals);
                            });
}

/// The same by minimal filtering. A tile becomes pixels in a little memory of its own, and goes on from there.
void back_by_tiles(winograd::Tiling tiling, const Normalized& normalized, const Tensor& w, const Tensor& dy,
                   const Padding& padding, std::vector<double>& totals) {
  const Shape image = normalized.x.shape();
  const std::int64_t side = winograd::output_side(tiling), panel = tile_shape<float>().rows;
  PieceSums sums(blocks(winograd::TileGrid(image, tiling).tiles, panel), image.c);
  const auto output = [&](const winograd::Frequencies& m, const winograd::TileRange& tiles, std::int64_t column,
                          std::int64_t columns) {
    const Tensor memory = scratch<float>((side * side + 2) * columns);
    float *pixels = memory.data<float>(), *terms = pixels + side * side * columns;
    const winograd::TileTarget one_tile{.data = pixels, .shape = {1, side, side, columns}, .pitch = columns};
    const winograd::TileRange first{winograd::TileGrid(one_tile.shape, tiling), 0, 1};
    for (std::int64_t t = 0; t < tiles.count; ++t) {
      const winograd::Frequencies row{m.data + t * m.panels.columns, m.step, m.panels};
      transform_output(tiling, row, first, 0, columns, one_tile);
      const winograd::Place place(tiles.grid, tiles.first + t, side);
      std::fill_n(terms, 2 * columns, 0.0F);
      for (std::int64_t i = 0; i < std::min(side, image.h - place.h); ++i) {
        normalized.back(pixels + i * side * columns, columns, std::min(side, image.w - place.w),
                        (place.n * image.h + place.h + i) * image.w + place.w, 1, column, columns, terms);
      }
      sums.add(tiles.first / panel, column, columns, terms);
    }
  };
  winograd::backward_data(tiling, dy, w, padding, image, output);
  sums.add_to(totals);
}

void normalize_conv2d_backward(const Tensor& x, const NormalizeParameters& p, const Tensor& w, const Tensor& dy,
                               const ConvGeometry& geometry, const NormalizeGradients& gradients, const Tensor& dw,
                               float beta) {
  check_conv2d("normalize_conv2d_backward", x, w, geometry, dy, x.dtype());
  for (const Tensor* vector : {&p.mean, &p.variance, &p.gamma, &p.shift}) {
    check_vector("normalize_conv2d_backward", *vector, x);
  }
  if (gradients.x.gradient.defined()) check_same("normalize_conv2d_backward", x, gradients.x.gradient);
  const Normalized normalized(x, p, gradients.x);
  if (dw.defined()) conv2d_backward_weights(x, dy, normalized.prologue(), geometry, dw, beta);
  if (!gradients.wanted()) return;
  std::vector<double> totals(static_cast<std::size_t>(2 * x.c()));
  const auto tiling = winograd::tiling_for(ConvPass::backward_data, x, w, geometry);
  dispatch_float("normalize_conv2d_backward", x, [&]<class T>() {
    if (tiling) {
      back_by_tiles(*tiling, normalized, w, dy, geometry.padding, totals);
    } else {
      back_by_products<T>(normalized, w, dy, geometry, totals);
    }
    write_vector_gradients<T>(x, p, totals, gradients);
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(normalize_conv2d_backward, cpu::normalize_conv2d_backward);

}  // namespace nn
