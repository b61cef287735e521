// The transforms of tiles in Google Highway, compiled once per instruction set.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/winograd/winograd_tiles.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/loops/prefetch.h"
#include "nn/cpu/winograd/winograd_steps-inl.h"
#include "nn/cpu/winograd/winograd_tiles.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::winograd::HWY_NAMESPACE {
namespace {

/// Pixels of a tile that lies inside the image, nothing to do to them.
struct InnerPixels {
  const float* first;
  std::int64_t line, pitch;

  HWY_INLINE Vector operator()(int i, int j) const { return hn::LoadU(Lanes(), first + i * line + j * pitch); }
};

/// The same with the prologue.
struct InnerPixelsWithPrologue {
  InnerPixels pixels;
  Vector scale, shift;
  bool relu;

  HWY_INLINE Vector operator()(int i, int j) const {
    const Vector z = hn::MulAdd(pixels(i, j), scale, shift);
    return relu ? hn::IfThenZeroElse(hn::Lt(z, hn::Zero(Lanes())), z) : z;  // a NaN goes through
  }
};

/// Pixels that may lie outside the image, with the prologue, of `channels` channels that may be fewer than a vector's.
struct AnyPixels {
  const float* first;
  std::int64_t line, pitch, channels;
  std::int64_t begin_h, end_h, begin_w, end_w;  // what of the tile lies inside
  Vector scale, shift;
  bool relu;

  HWY_INLINE Vector operator()(int i, int j) const {
    if (i < begin_h || i >= end_h || j < begin_w || j >= end_w) return hn::Zero(Lanes());
    const Vector z = hn::MulAdd(load_first(first + i * line + j * pitch, channels), scale, shift);
    return relu ? hn::IfThenZeroElse(hn::Lt(z, hn::Zero(Lanes())), z) : z;
  }
};

/// One vector of channels of every frequency.
struct StoreFrequencies {
  float* first;
  std::int64_t step;
  int frequencies_a_line;

  HWY_INLINE void operator()(int i, int j, Vector value) const {
    hn::Store(value, Lanes(), first + (i * frequencies_a_line + j) * step);
  }
};

/// Vectors of a prologue or an epilogue for channels [c, c + channels); zeros for channels that do not exist stay
/// zeros.
template <class Vectors>
HWY_INLINE Vector scale_at(const Vectors& vectors, std::int64_t c, std::int64_t channels) {
  return vectors.scale == nullptr ? constant(1) : load_first(vectors.scale + c, channels);
}
template <class Vectors>
HWY_INLINE Vector shift_at(const Vectors& vectors, std::int64_t c, std::int64_t channels) {
  return vectors.shift == nullptr ? constant(0) : load_first(vectors.shift + c, channels);
}

/// Pixels that will be read or written, two tiles ahead: one vector of channels after the other is asked for while the
/// present tile is transformed. Where a line of tiles ends they are the first of the next, which no processor guesses.
class PixelsAhead {
 public:
  /// Of tile t they are `height` x `width` pixels from (h, w) behind its first on, in an image as `tensor` has it; of
  /// the first in a line also those on the left of them.
  template <class Tensor>
  PixelsAhead(const Tensor& tensor, const TileGrid& grid, std::int64_t t, std::int64_t side, std::int64_t h,
              std::int64_t w, std::int64_t height, std::int64_t width)
      : line_(tensor.shape.w * tensor.pitch), pitch_(tensor.pitch) {
    // What a second-level cache may still have of the operation before, or keeps for the next, is not asked for.
    constexpr std::int64_t most_cached = std::int64_t{1} << 18U;
    if (t >= grid.tiles || line_ * tensor.shape.h * tensor.shape.n <= most_cached) return;
    const Place place(grid, t, side);
    const std::int64_t first = place.w == 0 ? 0 : w;
    first_ = tensor.data + ((place.n * tensor.shape.h + place.h + h) * tensor.shape.w + place.w + first) * pitch_;
    height_ = height;
    width_ = w + width - first;
  }

  HWY_INLINE void expect(std::int64_t channel) const {
    for (std::int64_t i = 0; i < height_; ++i) {
      for (std::int64_t j = 0; j < width_; ++j) prefetch_ahead(first_, i * line_ + j * pitch_ + channel);
    }
  }

 private:
  const float* first_ = nullptr;
  std::int64_t line_, pitch_, height_ = 0, width_ = 0;
};

template <class Step>
void to_frequencies(const TileSource& source, const TileRange& tiles, std::int64_t side, const Frequencies& to,
                    std::int64_t row) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Lanes()));
  const Shape& image = source.shape;
  const std::int64_t line = image.w * source.pitch;
  const bool prologue = source.scale != nullptr || source.shift != nullptr || source.relu;
  for (std::int64_t t = 0; t < tiles.count; ++t) {
    const Place place(tiles.grid, tiles.first + t, side);
    const std::int64_t h = place.h + source.first_h, w = place.w + source.first_w;
    const float* first = source.data + ((place.n * image.h + h) * image.w + w) * source.pitch;
    const PixelsAhead ahead(source, tiles.grid, tiles.first + t + 2, side, source.first_h,
                            source.first_w + Step::in - side, Step::in, side);
    const bool inside = h >= 0 && w >= 0 && h + Step::in <= image.h && w + Step::in <= image.w;
    for (std::int64_t panel = 0; panel < to.panels.columns; panel += to.panels.width) {
      const std::int64_t end = panel + to.panels.panel_width(panel);
      float* out = to.data + to.panels.offset(row + t, panel);
      for (std::int64_t c = panel; c < end; c += lanes, out += lanes) {
        StoreFrequencies store{out, to.step, Step::out};
        const std::int64_t channels = std::clamp<std::int64_t>(image.c - c, 0, lanes);
        const InnerPixels pixels{first + c, line, source.pitch};
        if (c % channel_step == 0) ahead.expect(c);
        if (inside && channels == lanes && !prologue) {
          transform_2d<Step>(pixels, store);
        } else if (inside && channels == lanes) {
          transform_2d<Step>(
              InnerPixelsWithPrologue{pixels, scale_at(source, c, lanes), shift_at(source, c, lanes), source.relu},
              store);
        } else {
          transform_2d<Step>(AnyPixels{first + c, line, source.pitch, channels, -h, image.h - h, -w, image.w - w,
                                       scale_at(source, c, channels), shift_at(source, c, channels), source.relu},
                             store);
        }
      }
    }
  }
}

struct LoadFrequencies {
  const float* first;
  std::int64_t step;
  int frequencies_a_line;

  HWY_INLINE Vector operator()(int i, int j) const {
    return hn::Load(Lanes(), first + (i * frequencies_a_line + j) * step);
  }
};

/// A whole output tile. kAdd: with beta.
template <bool kAdd>
struct StoreTile {
  float* first;
  std::int64_t line, pitch;
  Vector scale, shift, beta;
  bool relu;

  HWY_INLINE void operator()(int i, int j, Vector value) const {
    value = hn::MulAdd(value, scale, shift);
    if (relu) value = hn::IfThenZeroElse(hn::Lt(value, hn::Zero(Lanes())), value);
    float* to = first + i * line + j * pitch;
    if constexpr (kAdd) value = hn::MulAdd(beta, hn::LoadU(Lanes(), to), value);
    hn::StoreU(value, Lanes(), to);
  }
};

/// Any output tile: cut off by the image's edge, or of fewer channels than a vector's.
struct StoreAnyTile {
  float* first;
  std::int64_t line, pitch, channels;
  std::int64_t end_h, end_w;
  Vector scale, shift;
  bool relu;
  float beta;

  HWY_INLINE void operator()(int i, int j, Vector value) const {
    if (i >= end_h || j >= end_w) return;
    const Lanes d;
    float* to = first + i * line + j * pitch;
    value = hn::MulAdd(value, scale, shift);
    if (relu) value = hn::IfThenZeroElse(hn::Lt(value, hn::Zero(d)), value);
    if (beta != 0) value = hn::MulAdd(hn::Set(d, beta), load_first(to, channels), value);
    store_first(value, channels, to);
  }
};

/// The maximum of each 2x2 pixels of any output tile of an even side: the first of equal values, and of NaNs the last,
/// as max_of_rows() has it.
struct StoreMaxima {
  float* first;
  std::int64_t line, pitch, channels;
  std::int64_t end_h, end_w;  // of the maxima
  Vector scale, shift;
  bool relu;
  Vector left{}, above[2]{};  // the pixel before, the maxima of the pairs of the line above

  HWY_INLINE static Vector larger(Vector before, Vector value) {
    return hn::IfThenElse(hn::Or(hn::Gt(value, before), hn::IsNaN(value)), value, before);
  }
  HWY_INLINE void operator()(int i, int j, Vector value) {
    value = hn::MulAdd(value, scale, shift);
    if (relu) value = hn::IfThenZeroElse(hn::Lt(value, hn::Zero(Lanes())), value);
    if (j % 2 == 0) {
      left = value;
    } else if (i % 2 == 0) {
      above[j / 2] = larger(left, value);
    } else if (i / 2 < end_h && j / 2 < end_w) {
      store_first(larger(above[j / 2], larger(left, value)), channels, first + i / 2 * line + j / 2 * pitch);
    }
  }
};

/// kMaxima: of each 2x2 pixels.
template <class Step, bool kMaxima>
void to_pixels(const Frequencies& m, const TileRange& tiles, std::int64_t column, std::int64_t columns,
               const TileTarget& target) {
  constexpr int side = kMaxima ? Step::out / 2 : Step::out;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Lanes()));
  const Shape& image = target.shape;
  const std::int64_t line = image.w * target.pitch;
  for (std::int64_t t = 0; t < tiles.count; ++t) {
    const Place place(tiles.grid, tiles.first + t, side);
    float* first = target.data + ((place.n * image.h + place.h) * image.w + place.w) * target.pitch;
    const PixelsAhead ahead(target, tiles.grid, tiles.first + t + 2, side, 0, 0, side, side);
    const bool whole = place.h + side <= image.h && place.w + side <= image.w;
    for (std::int64_t k = 0; k < columns; k += lanes) {
      const std::int64_t c = column + k, channels = std::min(lanes, columns - k);
      const LoadFrequencies load{m.data + t * m.panels.columns + k, m.step, Step::in};
      if (c % channel_step == 0) ahead.expect(c);
      const Vector scale = scale_at(target, c, channels), shift = shift_at(target, c, channels);
      if constexpr (kMaxima) {
        StoreMaxima store{first + c,         line,  target.pitch, channels,   image.h - place.h,
                          image.w - place.w, scale, shift,        target.relu};
        transform_2d<Step>(load, store);
      } else if (whole && channels == lanes) {
        const Vector beta = constant(target.beta);
        StoreTile<false> store{first + c, line, target.pitch, scale, shift, beta, target.relu};
        StoreTile<true> add{first + c, line, target.pitch, scale, shift, beta, target.relu};
        target.beta == 0 ? transform_2d<Step>(load, store) : transform_2d<Step>(load, add);
      } else {
        StoreAnyTile store{first + c,         line,  target.pitch, channels,    image.h - place.h,
                           image.w - place.w, scale, shift,        target.relu, target.beta};
        transform_2d<Step>(load, store);
      }
    }
  }
}

}  // namespace

void transform_input(Tiling tiling, const TileSource& source, const TileRange& tiles, const Frequencies& to,
                     std::int64_t row) {
  with_steps(tiling, [&](auto steps) {
    to_frequencies<typename decltype(steps)::Input>(source, tiles, output_side(tiling), to, row);
  });
}
void transform_output_gradient(Tiling tiling, const TileSource& source, const TileRange& tiles, const Frequencies& to,
                               std::int64_t row) {
  with_steps(tiling, [&](auto steps) {
    to_frequencies<typename decltype(steps)::OutputGradient>(source, tiles, output_side(tiling), to, row);
  });
}
void transform_output(Tiling tiling, const Frequencies& m, const TileRange& tiles, std::int64_t column,
                      std::int64_t columns, const TileTarget& target) {
  with_steps(tiling, [&](auto steps) {
    using Output = typename decltype(steps)::Output;
    if (!target.maxima) return to_pixels<Output, false>(m, tiles, column, columns, target);
    if constexpr (Output::out % 2 == 0) to_pixels<Output, true>(m, tiles, column, columns, target);
  });
}

}  // namespace nn::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu::winograd {

HWY_EXPORT(transform_input);
HWY_EXPORT(transform_output_gradient);
HWY_EXPORT(transform_output);

void transform_input(Tiling tiling, const TileSource& source, const TileRange& tiles, const Frequencies& to,
                     std::int64_t row) {
  HWY_DYNAMIC_DISPATCH(transform_input)(tiling, source, tiles, to, row);
}
void transform_output_gradient(Tiling tiling, const TileSource& source, const TileRange& tiles, const Frequencies& to,
                               std::int64_t row) {
  HWY_DYNAMIC_DISPATCH(transform_output_gradient)(tiling, source, tiles, to, row);
}
void transform_output(Tiling tiling, const Frequencies& m, const TileRange& tiles, std::int64_t column,
                      std::int64_t columns, const TileTarget& target) {
  HWY_DYNAMIC_DISPATCH(transform_output)(tiling, m, tiles, column, columns, target);
}

}  // namespace nn::cpu::winograd
#endif
