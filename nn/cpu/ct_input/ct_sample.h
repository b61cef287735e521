// One image on its way through ct_input: its parameters, its rows in Hounsfield units, its channels in groups of four.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "nn/cpu/ct_input/ct_hounsfield.h"
#include "nn/cpu/ct_input/ct_lanes.h"
#include "nn/cpu/ct_input/ct_windows.h"
#include "nn/functors/ct_input.h"
#include "nn/tensor/tensor.h"

namespace nn::cpu {

/// One image's row of `parameters`.
class SampleParameters {
 public:
  explicit SampleParameters(const double* row) : row_(row) {}

  double slope(int slice) const { return row_[functors::CtColumn::slope + slice]; }
  double intercept(int slice) const { return row_[functors::CtColumn::intercept + slice]; }
  double noise() const { return row_[functors::CtColumn::noise]; }
  std::uint32_t noise_key(int word) const {
    return static_cast<std::uint32_t>(row_[functors::CtColumn::noise_key + word]);
  }
  double window_centre(int window) const { return row_[functors::CtColumn::windows + 2 * window]; }
  double window_width(int window) const { return row_[functors::CtColumn::windows + 2 * window + 1]; }
  functors::AffineMap map() const {
    functors::AffineMap map{};
    std::copy_n(row_ + functors::CtColumn::affine, 6, map.m);
    return map;
  }

 private:
  const double* row_;
};

/// Hounsfield units of row y of one slice; in f32 they are not clipped (RowWindow). `noise` is room for a row.
template <class T>
void hounsfield_units(const Tensor& slices, std::int64_t y, int slice, const SampleParameters& sample, float* noise,
                      T* hu) {
  const StoredRow row{.stored = slices.row<std::int16_t>(y * slices.w()) + slice,
                      .pitch = slices.pitch(),
                      .count = slices.w(),
                      .slope = static_cast<float>(sample.slope(slice)),
                      .intercept = static_cast<float>(sample.intercept(slice)),
                      .noise = sample.noise() == 0 ? nullptr : noise};
  if (sample.noise() != 0) {
    noise_row({.deviation = static_cast<float>(sample.noise()),
               .key_low = sample.noise_key(0),
               .key_high = sample.noise_key(1),
               .row = static_cast<std::uint32_t>(y),
               .slice = static_cast<std::uint32_t>(slice),
               .count = slices.w()},
              noise);
  }
  if constexpr (std::is_same_v<T, float>) {
    hounsfield_row(row, hu);
  } else {
    const functors::HounsfieldUnits<T> units{sample.slope(slice), sample.intercept(slice)};
    for (std::int64_t x = 0; x < row.count; ++x) {
      hu[x] = units(row.stored[x * row.pitch], row.noise != nullptr ? row.noise[x] : T(0));
    }
  }
}

/// What windows a value of type T: f64 by the functors that GPUs use, too; f32 by loops in registers.
template <class T>
using LaneWindow = std::conditional_t<std::is_same_v<T, float>, RowWindow, functors::Window<T>>;

/// Which slice and window the four lanes from channel `first` on show; lanes beyond the last channel repeat it.
template <class T>
struct LaneGroup {
  int first, count;  // channels
  std::array<int, lanes> slice;
  std::array<LaneWindow<T>, lanes> window;
  std::array<double, lanes> white;  // what the window makes of its upper end

  LaneGroup(int first_channel, int channels, int windows, const SampleParameters& sample)
      : first(first_channel), count(std::min(lanes, channels - first_channel)) {
    for (int l = 0; l < lanes; ++l) {
      const int channel = std::min(first + l, channels - 1), shown = channel % windows;
      slice[l] = channel / windows;
      window[l] = LaneWindow<T>::of(sample.window_centre(shown), sample.window_width(shown));
      white[l] = std::is_same_v<T, float> ? sample.window_width(shown) : 1;
    }
  }

  Pixel<T> air() const {
    Pixel<T> pixel;
    for (int l = 0; l < lanes; ++l) pixel.lane[l] = window[l](T(functors::lowest_hu));
    return pixel;
  }
};

/// value * scale + shift, per lane: the mean over samples, the window's width and the normalisation in one.
template <class T>
LaneScale<T> normalisation(const Tensor& mean, const Tensor& deviation, const LaneGroup<T>& group, int samples) {
  LaneScale<T> lane{};
  for (int l = 0; l < group.count; ++l) {
    const double m = mean.defined() ? mean.data<double>()[group.first + l] : 0;
    const double d = deviation.defined() ? deviation.data<double>()[group.first + l] : 1;
    lane.scale[l] = static_cast<T>(1 / (d * samples * group.white[l]));
    lane.shift[l] = static_cast<T>(-m / d);
  }
  return lane;
}

}  // namespace nn::cpu
