// What one thread of ct_input does: one pixel of one image, all its channels. The functors, their order and the
// random numbers are those of nn/cpu/ct_input/ct_input.cpp, which windows each source pixel once; here a source pixel
// is windowed by every sample that touches it, which costs arithmetic and no memory.
//
// The f32 picture is the CPU's but for rounding: the CPU fuses multiplications and additions where it has the
// instruction, and adds the samples of an upright picture row by row. Values 0 .. 1 differ by a few 2^-24 before they
// are normalised. bf16 is that picture, rounded once: off by at most 2^-8 of each value.
#pragma once

#include <cstdint>

#include "cuda/launch/elementwise.h"
#include "nn/functors/ct_input.h"

namespace cuda {

/// The places of a block's threads: a tile of the picture, so that neighbouring threads read the same source pixels.
struct CtTiles {
  static constexpr std::uint32_t width = 32, height = block_threads / width;
  std::uint32_t across, down;

  constexpr CtTiles(std::int64_t h, std::int64_t w)
      : across(static_cast<std::uint32_t>(ceil_div(w, width))), down(static_cast<std::uint32_t>(ceil_div(h, height))) {}
  constexpr std::int64_t blocks(std::int64_t images) const { return images * across * down; }

  struct Pixel {
    std::uint32_t image, row, column;
  };
  NN_HOST_DEVICE constexpr Pixel pixel(std::uint32_t block, std::uint32_t thread) const {
    const std::uint32_t tile = block % (across * down);
    return {block / (across * down), tile / across * height + thread / width, tile % across * width + thread % width};
  }
};

/// Source pixels of one slice of one image, in Hounsfield units.
struct CtSource {
  const std::int16_t* stored;  // of pixel (0, 0)
  std::int64_t pitch;
  int h, w;
  nn::functors::HounsfieldUnits<float> units;
  float noise;
  std::uint32_t key_low, key_high, slice;

  /// Columns x and x + 1 of row y; air outside the picture.
  NN_HOST_DEVICE void pair(int y, int x, float& left, float& right) const {
    left = right = static_cast<float>(nn::functors::lowest_hu);
    if (y < 0 || y >= h) return;
    const bool has_left = x >= 0 && x < w, has_right = x + 1 >= 0 && x + 1 < w;
    const std::int16_t* row = stored + std::int64_t{y} * w * pitch;
    float noise_left = 0, noise_right = 0;
    if (noise != 0) {
      const int quad = (has_left ? x : x + 1) / 4, next_quad = (x + 1) / 4;
      nn::Philox4 bits = noise_bits(quad, y);
      noise_left = noise * nn::functors::ct_noise(word(bits, x & 3));
      if (has_right && next_quad != quad) bits = noise_bits(next_quad, y);
      noise_right = noise * nn::functors::ct_noise(word(bits, (x + 1) & 3));
    }
    if (has_left) left = units(static_cast<float>(row[x * pitch]), noise_left);
    if (has_right) right = units(static_cast<float>(row[(x + 1) * pitch]), noise_right);
  }

 private:
  NN_HOST_DEVICE nn::Philox4 noise_bits(int quad, int y) const {
    return nn::functors::ct_noise_bits(key_low, key_high, static_cast<std::uint32_t>(quad),
                                       static_cast<std::uint32_t>(y), slice);
  }
  /// bits.x[i], from registers.
  NN_HOST_DEVICE static std::uint32_t word(const nn::Philox4& bits, int i) {
    const std::uint32_t low = i == 0 ? bits.x[0] : bits.x[1], high = i == 2 ? bits.x[2] : bits.x[3];
    return i < 2 ? low : high;
  }
};

template <class T>
struct CtPixels {
  /// Windows that are sampled at once.
  static constexpr int lanes = 4;
  using CtColumn = nn::functors::CtColumn;

  CtTiles tiles;
  Rows<const std::int16_t> slices;  // {n or 1, h, w, k}
  int h, w, k;
  bool one_source;  // all images are made of the same slices
  Rows<const double> parameters;
  const double *mean, *deviation;  // null: values stay in 0 .. 1
  Rows<T> y;                       // {n, rows, columns, k * windows}
  std::uint32_t rows, columns;
  int windows;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const CtTiles::Pixel pixel = tiles.pixel(block, thread);
    if (pixel.row >= rows || pixel.column >= columns) return;
    const double* sample = parameters.at(pixel.image, 0);
    const double* m = sample + CtColumn::affine;
    const nn::functors::AffineMap map{{m[0], m[1], m[2], m[3], m[4], m[5]}};
    T* out = y.at((std::int64_t{pixel.image} * rows + pixel.row) * columns + pixel.column, 0);
    for (int slice = 0; slice < k; ++slice) {
      const CtSource source = source_of(pixel.image, slice, sample);
      for (int first = 0; first < windows; first += lanes) {
        const int count = windows - first < lanes ? windows - first : lanes;
        sample_windows(source, map, pixel, sample + CtColumn::windows + 2 * first, count, slice * windows + first, out);
      }
    }
  }

 private:
  NN_HOST_DEVICE CtSource source_of(std::uint32_t image, int slice, const double* sample) const {
    const std::int64_t begin = one_source ? 0 : std::int64_t{image} * h * w;
    return {
        slices.at(begin, slice),
        slices.pitch,
        h,
        w,
        {static_cast<float>(sample[CtColumn::slope + slice]), static_cast<float>(sample[CtColumn::intercept + slice])},
        static_cast<float>(sample[CtColumn::noise]),
        static_cast<std::uint32_t>(sample[CtColumn::noise_key]),
        static_cast<std::uint32_t>(sample[CtColumn::noise_key + 1]),
        static_cast<std::uint32_t>(slice)};
  }

  /// Channels [channel, channel + count) of the pixel: the mean of its samples in `count` windows of a slice.
  NN_HOST_DEVICE void sample_windows(const CtSource& source, const nn::functors::AffineMap& map,
                                     const CtTiles::Pixel& pixel, const double* window_pairs, int count, int channel,
                                     T* out) const {
    nn::functors::Window<float> window[lanes];
    NN_UNROLL for (int l = 0; l < lanes; ++l) {
      const double* pair = window_pairs + 2 * (l < count ? l : 0);
      window[l] = nn::functors::Window<float>::of(pair[0], pair[1]);
    }
    const int across = nn::functors::samples_per_pixel(map.column_step());
    const int down = nn::functors::samples_per_pixel(map.row_step());
    float sums[lanes] = {};
    for (int b = 0; b < down; ++b) {
      const double row = pixel.row + nn::functors::sample_offset(b, down);
      for (int a = 0; a < across; ++a) {
        const double column = pixel.column + nn::functors::sample_offset(a, across);
        const nn::functors::SamplePoint px(map.x(column, row), w), py(map.y(column, row), h);
        const auto share_x = static_cast<float>(px.share), share_y = static_cast<float>(py.share);
        float above[2], below[2];
        source.pair(py.before, px.before, above[0], above[1]);
        source.pair(py.before + 1, px.before, below[0], below[1]);
        NN_UNROLL for (int l = 0; l < lanes; ++l) {
          const float top = nn::functors::interpolate(window[l](above[0]), window[l](above[1]), share_x);
          const float bottom = nn::functors::interpolate(window[l](below[0]), window[l](below[1]), share_x);
          sums[l] += nn::functors::interpolate(top, bottom, share_y);
        }
      }
    }
    NN_UNROLL for (int l = 0; l < lanes; ++l) {
      if (l < count) out[channel + l] = static_cast<T>(normalised(sums[l], channel + l, across * down));
    }
  }

  NN_HOST_DEVICE float normalised(float sum, int channel, int samples) const {
    const double m = mean != nullptr ? mean[channel] : 0, d = deviation != nullptr ? deviation[channel] : 1;
    return sum * static_cast<float>(1 / (d * samples)) + static_cast<float>(-m / d);
  }
};

}  // namespace cuda
