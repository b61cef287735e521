// Row after row of a CT picture in vector registers: the steps of nn/cpu/ct_input.cpp in f32. Four lanes are four
// channels of one pixel, side by side in memory.
#pragma once

#include <array>
#include <cstdint>

#include "nn/functors/ct_input.h"

namespace nn::cpu {

/// One row of one slice: values `pitch` apart.
struct StoredRow {
  const std::int16_t* stored;
  std::int64_t pitch, count;
  functors::HounsfieldUnits<float> units;
  const float* noise;  // HU, of each value; nullptr for none
};
void hounsfield_row(const StoredRow& row, float* hu);

/// deviation * ct_noise for the pixels of one row of one slice; `noise` has room for `count` rounded up to a multiple
/// of 4. The same bits for every instruction set.
struct NoiseRow {
  float deviation;
  std::uint32_t key_low, key_high, row, slice;
  std::int64_t count;
};
void noise_row(const NoiseRow& row, float* noise);

/// to[x].lane[l] = start[l] + the sum over taps t of weight[t] * window[l](hu[t][l][x]), for x < count.
struct WindowedRows {
  int taps;
  const std::array<const float*, 4>* hu;  // of each tap, a pointer for each lane
  const float* weight;                    // [tap]
  functors::Window<float> window[4];
  float start[4];
  std::int64_t count;
};
void add_windowed_rows(const WindowedRows& rows, float* to);

/// to[j * pitch + l] = scale[l] * (the sum over taps t of weight[j * taps + t] * from[first[j] + t].lane[l]) +
/// shift[l], for j < count and l < lanes.
struct WeightedPixels {
  const float* from;
  int taps;
  const std::int32_t* first;  // pixels
  const float* weight;
  float scale[4], shift[4];
  std::int64_t count, pitch;
  int lanes;
};
void sum_weighted_pixels(const WeightedPixels& pixels, float* to);

}  // namespace nn::cpu
