// Weighted sums of neighbouring pixels along a row, in f32.
#pragma once

#include <cstdint>

#include "nn/cpu/ct_input/ct_lanes.h"

namespace nn::cpu {

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
