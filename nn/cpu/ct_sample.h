// One image on its way through ct_input: its parameters, its rows in Hounsfield units, its channels in groups of four.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "nn/cpu/ct_rows.h"
#include "nn/cpu/ct_sampling.h"
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
  template <class T>
  functors::Window<T> window(int window) const {
    const double* pair = row_ + functors::CtColumn::windows + 2 * window;
    return functors::Window<T>::of(pair[0], pair[1]);
  }
  functors::AffineMap map() const {
    functors::AffineMap map{};
    std::copy_n(row_ + functors::CtColumn::affine, 6, map.m);
    return map;
  }

 private:
  const double* row_;
};

/// Hounsfield units of row y of one slice. `noise` is room for a row.
template <class T>
void hounsfield_units(const Tensor& slices, std::int64_t y, int slice, const SampleParameters& sample, float* noise,
                      T* hu) {
  const StoredRow row{.stored = slices.row<std::int16_t>(y * slices.w()) + slice,
                      .pitch = slices.pitch(),
                      .count = slices.w(),
                      .units = {static_cast<float>(sample.slope(slice)), static_cast<float>(sample.intercept(slice))},
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

/// Which slice and window the four lanes from channel `first` on show; lanes beyond the last channel repeat it.
template <class T>
struct LaneGroup {
  std::array<int, lanes> slice;
  std::array<functors::Window<T>, lanes> window;

  LaneGroup(int first, int channels, int windows, const SampleParameters& sample) {
    for (int l = 0; l < lanes; ++l) {
      const int channel = std::min(first + l, channels - 1);
      slice[l] = channel / windows;
      window[l] = sample.window<T>(channel % windows);
    }
  }

  Pixel<T> air() const {
    Pixel<T> pixel;
    for (int l = 0; l < lanes; ++l) pixel.lane[l] = window[l](T(functors::lowest_hu));
    return pixel;
  }
};

/// value * scale + shift, per channel: the mean over samples and the normalisation in one.
template <class T>
struct Normalisation {
  std::vector<T> scale, shift;

  Normalisation(const Tensor& mean, const Tensor& deviation, std::int64_t channels, int samples) {
    for (std::int64_t i = 0; i < channels; ++i) {
      const double m = mean.defined() ? mean.data<double>()[i] : 0;
      const double d = deviation.defined() ? deviation.data<double>()[i] : 1;
      scale.push_back(static_cast<T>(1 / (d * samples)));
      shift.push_back(static_cast<T>(-m / d));
    }
  }
};

}  // namespace nn::cpu
