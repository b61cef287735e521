// The gradient of a convolution's input as matrix products, given to whoever says where its pixels go.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <vector>

#include "nn/cpu/conv/patch_product.h"

namespace nn::cpu {

/// Along one axis, the kernel's taps that reach the pixels first, first + stride, first + 2 stride... of z:
/// z pixel i meets tap p of output pixel (i + before - p) / stride where that division leaves no rest. With stride 2, a
/// kernel of 3, one pixel of padding before z and an extent of 5:
///
///     z           .  0  1  2  3  4  .       first = 0: pixels 0, 2 and 4 (pixels = 3) meet tap 1 alone, of outputs
///     output 0   [0  1  2]                             0, 1 and 2: tap = 1, count = 1, output = 0
///     output 1         [0  1  2]            first = 1: pixels 1 and 3 (pixels = 2) meet taps 0 and 2. Pixel 1 meets
///     output 2               [0  1  2]                 tap 2 of output 0 and tap 0 of output 1: tap = 0, count = 2,
///                                                      output = 0
///
/// count = 0: the windows step over these pixels (a kernel shorter than the stride), whose gradient is zero.
struct Taps {
  std::int64_t pixels;      // how many such pixels there are
  std::int64_t tap, count;  // taps tap, tap + stride, ...: count of them
  std::int64_t output;      // output pixel that the last tap meets for the first pixel; the others follow upward

  Taps(std::int64_t first, std::int64_t extent, std::int64_t kernel, std::int64_t stride, std::int64_t before)
      : pixels((extent - first + stride - 1) / stride),
        tap((first + before) % stride),
        count(tap < kernel ? (kernel - tap + stride - 1) / stride : 0),
        output((first + before - tap) / stride - (count - 1)) {}
};

/// The weights as backward_data multiplies by them: row (tap_h, tap_w, out), column in; taps from last to first.
template <class T>
class FlippedWeights final : public MatrixReader<T> {
 public:
  FlippedWeights(const Tensor& w, const ConvGeometry& geometry, const Taps& taps_h, const Taps& taps_w)
      : w_(w), geometry_(geometry), taps_h_(taps_h), taps_w_(taps_w) {}

  void read(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, T* to,
            std::int64_t pitch) const override {
    for (std::int64_t r = row; r < row + rows; ++r, to += pitch) {
      const std::int64_t o = r % w_.n(), tap = r / w_.n();
      const std::int64_t p = taps_h_.tap + (taps_h_.count - 1 - tap / taps_w_.count) * geometry_.stride_h;
      const std::int64_t q = taps_w_.tap + (taps_w_.count - 1 - tap % taps_w_.count) * geometry_.stride_w;
      std::copy_n(w_.row<T>((o * w_.h() + p) * w_.w() + q) + column, columns, to);
    }
  }

 private:
  Tensor w_;
  ConvGeometry geometry_;
  Taps taps_h_, taps_w_;
};

/// Takes one of the products: row r of it belongs to the pixel at which window r of `pixels` begins, and
/// multiply_into(writer) computes them, in pieces that begin at multiples of piece_rows.
template <class T>
using PixelSet = std::function<void(const WindowGrid& pixels, std::int64_t piece_rows,
                                    const std::function<void(const MatrixWriter<T>& writer)>& multiply_into)>;

/// One of the products: of the windows of dy that `pixels` of dz meet, and the weights.
template <class T>
struct PixelProduct {
  WindowGrid windows, pixels;
  PackedMatrix<T> weights;
};

/// The sets are taken one inside the other, so that all their writers are there when dy's lines are read, once for all.
inline void take_together(const Tensor& dy, const std::vector<PixelProduct<float>>& products,
                          const PixelSet<float>& take, std::vector<LineSet>& taken) {
  if (taken.size() == products.size()) return multiply_lines_of(dy, {}, taken);
  const auto& [windows, pixels, weights] = products[taken.size()];
  take(pixels, line_piece_rows(dy.shape(), windows), [&, &windows = windows, &weights = weights](const auto& writer) {
    taken.push_back({windows, weights, writer});
    take_together(dy, products, take, taken);
  });
}

/// dz, of shape `z`, of a convolution's output gradient dy. Pixels of z that lie alike between the steps of the stride
/// meet the same taps: each such set is a convolution of dy with stride 1, no multiplication is wasted and no two
/// products write one pixel.
template <class T>
void multiply_backward_data(const Tensor& dy, const Tensor& w, const ConvGeometry& geometry, const Shape& z,
                            const PixelSet<T>& take) {
  std::vector<PixelProduct<T>> products;
  std::vector<WindowGrid> grids;
  for (std::int64_t first_h = 0; first_h < std::min(geometry.stride_h, z.h); ++first_h) {
    for (std::int64_t first_w = 0; first_w < std::min(geometry.stride_w, z.w); ++first_w) {
      const Taps taps_h(first_h, z.h, w.h(), geometry.stride_h, geometry.padding.top);
      const Taps taps_w(first_w, z.w, w.w(), geometry.stride_w, geometry.padding.left);
      const WindowGrid windows{.count_h = taps_h.pixels,
                               .count_w = taps_w.pixels,
                               .first_h = taps_h.output,
                               .first_w = taps_w.output,
                               .kernel_h = taps_h.count,
                               .kernel_w = taps_w.count};
      const WindowGrid pixels{.count_h = taps_h.pixels,
                              .count_w = taps_w.pixels,
                              .step_h = geometry.stride_h,
                              .step_w = geometry.stride_w,
                              .first_h = first_h,
                              .first_w = first_w};
      const std::int64_t depth = taps_h.count * taps_w.count * w.n();
      const FlippedWeights<T> flipped(w, geometry, taps_h, taps_w);
      products.push_back({windows, pixels, PackedMatrix<T>::from_rows(flipped, depth, w.c())});
      grids.push_back(windows);
    }
  }
  if constexpr (std::is_same_v<T, float>) {
    std::vector<LineSet> taken;
    if (reads_lines_together(grids, w.c(), w.elements(), dy.dtype())) return take_together(dy, products, take, taken);
  }
  for (const PixelProduct<T>& product : products) {
    take(product.pixels, patch_piece_rows<T>(dy.shape(), product.windows, w.c()),
         [&](const MatrixWriter<T>& writer) { multiply_patches<T>(dy, product.windows, {}, product.weights, writer); });
  }
}

}  // namespace nn::cpu
