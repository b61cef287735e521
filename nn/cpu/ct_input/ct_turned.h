// The second pass of ct_input for a map that turns, in f32: each output pixel as the mean of bilinear samples.
#pragma once

#include <cstdint>

#include "nn/cpu/ct_input/ct_lanes.h"
#include "nn/functors/ct_input.h"

namespace nn::cpu {

/// One row of output pixels: to[j * pitch + l] = scale[l] * (the sum of pixel j's samples, across * down) + shift[l],
/// for j < count and l < lanes.
struct TurnedRow {
  const float* plane;        // pixel (0, 0) of the windowed source, which has a ring of air (RingedPlane)
  std::int64_t plane_pitch;  // pixels
  int plane_h, plane_w;
  functors::AffineMap map;
  int across, down;  // samples per output pixel
  LaneScale<float> scale;
  std::int64_t row, count, pitch;
  int lanes;
};
void write_turned_row(const TurnedRow& row, float* to);

}  // namespace nn::cpu
