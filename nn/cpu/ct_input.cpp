// Each image in two passes: every source pixel is windowed into four lanes, a channel each (more channels take more
// rounds); then each output pixel is the mean of bilinear samples of these.
#include "nn/kernels/ct_input.h"

#include <algorithm>
#include <array>
#include <vector>

#include "nn/cpu/ct_sampling.h"
#include "nn/cpu/elementwise.h"
#include "nn/functors/ct_input.h"

namespace nn {
namespace cpu {
namespace {

using functors::AffineMap;
using functors::CtColumn;

/// One image's row of `parameters`.
class SampleParameters {
 public:
  explicit SampleParameters(const double* row) : row_(row) {}

  double slope(int slice) const { return row_[CtColumn::slope + slice]; }
  double intercept(int slice) const { return row_[CtColumn::intercept + slice]; }
  double noise() const { return row_[CtColumn::noise]; }
  std::uint32_t noise_key(int word) const { return static_cast<std::uint32_t>(row_[CtColumn::noise_key + word]); }
  template <class T>
  functors::Window<T> window(int window) const {
    const double* pair = row_ + CtColumn::windows + 2 * window;
    return functors::Window<T>::of(pair[0], pair[1]);
  }
  AffineMap map() const {
    AffineMap map{};
    std::copy_n(row_ + CtColumn::affine, 6, map.m);
    return map;
  }

 private:
  const double* row_;
};

/// Hounsfield units of row y of one slice.
template <class T>
void hounsfield_row(const Tensor& slices, std::int64_t y, int slice, const SampleParameters& sample, T* hu) {
  const std::int64_t w = slices.w(), pitch = slices.pitch();
  const std::int16_t* stored = slices.row<std::int16_t>(y * w) + slice;
  const functors::HounsfieldUnits<T> units{static_cast<T>(sample.slope(slice)),
                                           static_cast<T>(sample.intercept(slice))};
  if (sample.noise() == 0) {
    if (pitch == 1) {
      for (std::int64_t x = 0; x < w; ++x) hu[x] = units(static_cast<T>(stored[x]), T(0));
    } else {
      for (std::int64_t x = 0; x < w; ++x) hu[x] = units(static_cast<T>(stored[x * pitch]), T(0));
    }
    return;
  }
  const T deviation = static_cast<T>(sample.noise());
  for (std::int64_t x = 0; x < w; x += 4) {
    const Philox4 bits =
        functors::ct_noise_bits(sample.noise_key(0), sample.noise_key(1), static_cast<std::uint32_t>(x / 4),
                                static_cast<std::uint32_t>(y), static_cast<std::uint32_t>(slice));
    for (std::int64_t i = 0; i < std::min<std::int64_t>(4, w - x); ++i) {
      hu[x + i] =
          units(static_cast<T>(stored[(x + i) * pitch]), deviation * static_cast<T>(functors::ct_noise(bits.x[i])));
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
};

/// First pass: the lanes of every source pixel, and the ring.
template <class T>
void window_source(const Tensor& slices, const SampleParameters& sample, const LaneGroup<T>& group,
                   const RingedPlane<T>& plane) {
  const auto w = static_cast<std::size_t>(slices.w());
  const int first_slice = group.slice[0], last_slice = group.slice[lanes - 1];
  parallel_for(0, slices.h(), rows_per_chunk(slices.w()), [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> hu(w * functors::max_ct_slices);
    for (std::int64_t y = begin; y < end; ++y) {
      for (int s = first_slice; s <= last_slice; ++s) hounsfield_row(slices, y, s, sample, hu.data() + w * s);
      const T* source[lanes];
      for (int l = 0; l < lanes; ++l) source[l] = hu.data() + w * group.slice[l];
      Pixel<T>* out = plane.row(y);
      for (std::size_t x = 0; x < w; ++x) {
        for (int l = 0; l < lanes; ++l) out[x].lane[l] = group.window[l](source[l][x]);
      }
    }
  });
  Pixel<T> air;
  for (int l = 0; l < lanes; ++l) air.lane[l] = group.window[l](T(functors::lowest_hu));
  plane.ring(air);
}

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

/// Second pass: y {1, size_h, size_w, c}, channels from `first` on.
template <class T>
void sample_output(const MeanSampler<T>& sampler, int first, const Normalisation<T>& normalisation, const Tensor& y) {
  const std::int64_t group_lanes = std::min<std::int64_t>(lanes, y.c() - first);
  parallel_for(0, y.h(), rows_per_chunk(y.w() * sampler.samples() * lanes), [&](std::int64_t begin, std::int64_t end) {
    std::vector<Pixel<T>> sums(static_cast<std::size_t>(y.w()));
    const T *scale = normalisation.scale.data() + first, *shift = normalisation.shift.data() + first;
    for (std::int64_t i = begin; i < end; ++i) {
      sampler.sum_row(i, sums);
      T* out = y.row<T>(i * y.w()) + first;
      for (const Pixel<T>& sum : sums) {
        for (std::int64_t l = 0; l < group_lanes; ++l) out[l] = sum.lane[l] * scale[l] + shift[l];
        out += y.pitch();
      }
    }
  });
}

void ct_input(const Tensor& slices, const Tensor& parameters, const Tensor& mean, const Tensor& deviation,
              const Tensor& y) {
  check_ct_arguments(slices, parameters, mean, deviation, y);
  check_ct_parameters(parameters, slices.c());
  check_ct_normalisation(mean, deviation);
  const int channels = static_cast<int>(y.c()), windows = channels / static_cast<int>(slices.c());
  dispatch_float("ct_input", y, [&]<class T>() {
    const RingedPlane<T> plane(slices.h(), slices.w());
    for (std::int64_t i = 0; i < y.n(); ++i) {
      const Tensor source = slices.n() == 1 ? slices : slices.batch_range(i, i + 1);
      const SampleParameters sample(parameters.row<double>(i));
      const MeanSampler<T> sampler(plane, sample.map(), y.w());
      const Normalisation<T> normalisation(mean, deviation, y.c(), sampler.samples());
      for (int first = 0; first < channels; first += lanes) {
        window_source(source, sample, LaneGroup<T>(first, channels, windows, sample), plane);
        sample_output(sampler, first, normalisation, y.batch_range(i, i + 1));
      }
    }
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(ct_input, cpu::ct_input);

}  // namespace nn
