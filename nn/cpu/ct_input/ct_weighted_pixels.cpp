// In Google Highway, compiled once per instruction set.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/ct_input/ct_weighted_pixels.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/ct_input/ct_weighted_pixels.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

void write_pixel(const WeightedPixels& pixels, std::int64_t j, float* to) {
  const float* from = pixels.from + 4 * static_cast<std::int64_t>(pixels.first[j]);
  const float* weight = pixels.weight + j * pixels.taps;
  float sum[4] = {};
  for (int t = 0; t < pixels.taps; ++t) {
    for (int l = 0; l < 4; ++l) sum[l] += weight[t] * from[4 * t + l];
  }
  for (int l = 0; l < 4; ++l) to[l] = pixels.scale.scale[l] * sum[l] + pixels.scale.shift[l];
}

void write_whole_pixels(const WeightedPixels& pixels, std::int64_t count, float* to) {
  for (std::int64_t j = 0; j < count; ++j) write_pixel(pixels, j, to + j * pixels.pitch);
}

#else

namespace hn = hwy::HWY_NAMESPACE;
using FourFloats = hn::FixedTag<float, lanes>;

/// Pixel j, all four lanes. kTaps: as many as pixels.taps, known to the compiler, or 0.
template <int kTaps>
HWY_INLINE hn::Vec<FourFloats> pixel_at(const WeightedPixels& pixels, std::int64_t j) {
  const FourFloats d;
  const int taps = kTaps != 0 ? kTaps : pixels.taps;
  const float* from = pixels.from + 4 * static_cast<std::int64_t>(pixels.first[j]);
  const float* weight = pixels.weight + j * taps;
  auto sum = hn::Mul(hn::Set(d, weight[0]), hn::LoadU(d, from));
  for (int t = 1; t < taps; ++t) sum = hn::MulAdd(hn::Set(d, weight[t]), hn::LoadU(d, from + 4 * t), sum);
  return sum;
}

void write_pixel(const WeightedPixels& pixels, std::int64_t j, float* to) {
  const FourFloats d;
  hn::StoreU(hn::MulAdd(pixel_at<0>(pixels, j), hn::LoadU(d, pixels.scale.scale), hn::LoadU(d, pixels.scale.shift)), d,
             to);
}

/// The first `count` pixels, each a whole register.
template <int kTaps>
HWY_INLINE void write_whole_pixels(const WeightedPixels& given, std::int64_t count, float* to) {
  const FourFloats d;
  const WeightedPixels pixels = given;  // of which nobody else knows, so that it stays in registers
  const auto scale = hn::LoadU(d, given.scale.scale), shift = hn::LoadU(d, given.scale.shift);
  for (std::int64_t j = 0; j < count; ++j) {
    hn::StoreU(hn::MulAdd(pixel_at<kTaps>(pixels, j), scale, shift), d, to + j * pixels.pitch);
  }
}

HWY_INLINE void write_whole_pixels(const WeightedPixels& pixels, std::int64_t count, float* to) {
  if (pixels.taps == 2) return write_whole_pixels<2>(pixels, count, to);
  if (pixels.taps == 3) return write_whole_pixels<3>(pixels, count, to);
  if (pixels.taps == 4) return write_whole_pixels<4>(pixels, count, to);
  write_whole_pixels<0>(pixels, count, to);
}

#endif

}  // namespace

void sum_weighted_pixels(const WeightedPixels& pixels, float* to) {
  // A whole register also covers the beginning of the next pixel, which is written after it; the last pixels are
  // written lane by lane.
  const std::int64_t room = pixels.pitch == pixels.lanes ? pixels.count - 4 / pixels.lanes : 0;
  const std::int64_t whole = std::max<std::int64_t>(room, 0);
  write_whole_pixels(pixels, whole, to);
  for (std::int64_t j = whole; j < pixels.count; ++j) {
    float lane[4];
    write_pixel(pixels, j, lane);
    std::copy_n(lane, pixels.lanes, to + j * pixels.pitch);
  }
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(sum_weighted_pixels);

void sum_weighted_pixels(const WeightedPixels& pixels, float* to) {
  HWY_DYNAMIC_DISPATCH(sum_weighted_pixels)(pixels, to);
}

}  // namespace nn::cpu
#endif
