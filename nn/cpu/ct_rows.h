// Row after row of a CT picture in vector registers: the steps of nn/cpu/ct_input.cpp in f32. Four lanes are four
// channels of one pixel, side by side in memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "nn/functors/ct_input.h"

namespace nn::cpu {

/// A window as loops compute it fastest: clamp(hu - lower, least, most), of Hounsfield units that are not clipped yet.
/// That is the window's width times what functors::Window makes of functors::HounsfieldUnits: where these are clipped,
/// the bounds are.
struct RowWindow {
  float lower, least, most;

  static RowWindow of(double centre, double width) {
    const auto lower = static_cast<float>(centre - width / 2), whole = static_cast<float>(width);
    const auto bound = [&](int hu) { return std::clamp(static_cast<float>(hu) - lower, 0.0F, whole); };
    return {lower, bound(functors::lowest_hu), bound(functors::highest_hu)};
  }

  float operator()(float hu) const {
    const float raised = hu - lower < least ? least : hu - lower;
    return raised > most ? most : raised;
  }
};

/// One row of one slice: values `pitch` apart.
struct StoredRow {
  const std::int16_t* stored;
  std::int64_t pitch, count;
  float slope, intercept;
  const float* noise;  // HU, of each value; nullptr for none
};
/// hu[x] = slope * stored + intercept + noise, not clipped.
void hounsfield_row(const StoredRow& row, float* hu);

/// deviation * ct_noise for the pixels of one row of one slice; `noise` has room for `count` rounded up to a multiple
/// of 4. The same bits for every instruction set.
struct NoiseRow {
  float deviation;
  std::uint32_t key_low, key_high, row, slice;
  std::int64_t count;
};
void noise_row(const NoiseRow& row, float* noise);

/// sum[x].lane[l] = start[l] + the sum over taps t of weight[t] * window[l](hu[t][l][x]), for x < count.
struct WindowedRows {
  int taps;
  const std::array<const float*, 4>* hu;  // of each tap, a pointer for each lane
  const float* weight;                    // [tap]
  RowWindow window[4];
  float start[4];
  int lanes;  // 1 to 4
  std::int64_t count;
};
/// The sums as pixels of four lanes; what lies in those from `lanes` on is not to be read.
void add_windowed_rows(const WindowedRows& rows, float* to);

/// Lane l of a pixel becomes scale[l] * value + shift[l].
template <class T>
struct LaneScale {
  T scale[4], shift[4];
};
/// to[j * pitch + l] = scale[l] * (the sum over s < step of sum[step * j + s].lane[l]) + shift[l], for j < count /
/// step; step is 1, 2 or 4.
void write_windowed_rows(const WindowedRows& rows, int step, const LaneScale<float>& scale, std::int64_t pitch,
                         float* to);

/// to[j * pitch + l] = scale[l] * (the sum over taps t of weight[j * taps + t] * from[first[j] + t].lane[l]) +
/// shift[l], for j < count and l < lanes.
struct WeightedPixels {
  const float* from;
  int taps;
  const std::int32_t* first;  // pixels
  const float* weight;
  LaneScale<float> scale;
  std::int64_t count, pitch;
  int lanes;
};
void sum_weighted_pixels(const WeightedPixels& pixels, float* to);

}  // namespace nn::cpu
