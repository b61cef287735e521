// Windows of rows of Hounsfield units, and weighted sums of such rows, in f32.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "nn/cpu/ct_input/ct_lanes.h"
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

/// sum[x].lane[l] = start[l] + the sum over taps t of weight[t] * window[l](hu[t][l][x]), for x < count.
struct WindowedRows {
  int taps;
  const std::array<const float*, cpu::lanes>* hu;  // of each tap, a pointer for each lane
  const float* weight;                             // [tap]
  RowWindow window[cpu::lanes];
  float start[cpu::lanes];
  int lanes;  // that are wanted: 1 to 4
  std::int64_t count;
};
/// The sums as whole pixels: lanes from `rows.lanes` on repeat the last one before.
void add_windowed_rows(const WindowedRows& rows, float* to);

/// to[j * pitch + l] = scale[l] * (the sum over s < step of sum[step * j + s].lane[l]) + shift[l], for j < count /
/// step; step is 1, 2 or 4.
void write_windowed_rows(const WindowedRows& rows, int step, const LaneScale<float>& scale, std::int64_t pitch,
                         float* to);

}  // namespace nn::cpu
