// From a stored CT value to the network's input, one element at a time:
//   stored value -> Hounsfield units (+ noise) -> clip -> window -> 0 .. 1 -> bilinear sample -> normalised channel.
// Windows come before interpolation: averaging HU first would smear bone over the thin blood beside it.
#pragma once

#include <cmath>
#include <cstdint>

#include "nn/core/host_device.h"
#include "nn/core/philox.h"

namespace nn::functors {

/// The range of Hounsfield units that CT uses; air lies at its lower end, and around every picture.
inline constexpr int lowest_hu = -1024, highest_hu = 3071;

inline constexpr int max_ct_slices = 3;

/// Columns of the parameters of one sample (f64, so that 32-bit words and coordinates are exact).
struct CtColumn {
  static constexpr int slope = 0;       // [3] HU = slope * value + intercept, of each slice
  static constexpr int intercept = 3;   // [3]
  static constexpr int affine = 6;      // [6] see AffineMap
  static constexpr int noise = 12;      // HU, standard deviation; 0 for none
  static constexpr int noise_key = 13;  // [2] the low and the high word of the noise's Philox key
  static constexpr int windows = 15;    // [2 * windows] centre and width in HU, of each window
};
/// How many columns a sample with so many windows has.
NN_HOST_DEVICE constexpr int ct_columns(int windows) { return CtColumn::windows + 2 * windows; }

/// HU of a stored value, with `noise` added, clipped.
template <class T>
struct HounsfieldUnits {
  T slope, intercept;

  NN_HOST_DEVICE T operator()(T stored, T noise) const {
    const T hu = slope * stored + intercept + noise;
    const T raised = hu < T(lowest_hu) ? T(lowest_hu) : hu;
    return raised > T(highest_hu) ? T(highest_hu) : raised;
  }
};

/// (hu - centre) / width + 1/2, clipped to 0 .. 1: LINEAR_EXACT of DICOM PS3.3 C.11.2.1.3.2.
template <class T>
struct Window {
  T lower, inverse_width;

  NN_HOST_DEVICE static Window of(double centre, double width) {
    return {static_cast<T>(centre - width / 2), static_cast<T>(1 / width)};
  }

  NN_HOST_DEVICE T operator()(T hu) const {
    const T share = (hu - lower) * inverse_width;
    const T raised = share < T(0) ? T(0) : share;
    return raised > T(1) ? T(1) : raised;
  }
};

/// Where the output's point (column, row) lies in the source; the centre of pixel i is at i in both:
///   x = m[0] * column + m[1] * row + m[2],   y = m[3] * column + m[4] * row + m[5]
struct AffineMap {
  double m[6];

  NN_HOST_DEVICE double x(double column, double row) const { return m[0] * column + (m[1] * row + m[2]); }
  NN_HOST_DEVICE double y(double column, double row) const { return m[3] * column + (m[4] * row + m[5]); }

  /// Source pixels that one step along the output's columns or rows covers.
  NN_HOST_DEVICE double column_step() const { return std::sqrt(m[0] * m[0] + m[3] * m[3]); }
  NN_HOST_DEVICE double row_step() const { return std::sqrt(m[1] * m[1] + m[4] * m[4]); }
};

/// Samples per output pixel along one axis, so that no source pixel is missed: the step rounded up (a step that is a
/// whole number but for rounding counts as whole). An output pixel is the mean of all its samples; with a step of 2
/// they fall on the four source pixels' centres and the mean is the exact area average.
NN_HOST_DEVICE inline int samples_per_pixel(double step) {
  const int samples = static_cast<int>(std::ceil(step - 1e-6));
  return samples < 1 ? 1 : samples;
}
/// Offset of sample `index` from the pixel's centre, in output pixels.
NN_HOST_DEVICE inline double sample_offset(int index, int samples) { return (index + 0.5) / samples - 0.5; }

/// One axis of a bilinear sample: the pixel before the point and the share of the pixel after it. Points further
/// outside than the ring of air around the source (pixels -1 and `extent`) are moved onto it, where all is air too.
struct SamplePoint {
  int before;
  double share;

  NN_HOST_DEVICE SamplePoint(double position, int extent) {
    const double low = position < -1 ? -1 : position;
    const double inside = low > extent ? extent : low;
    const int shifted = static_cast<int>(inside + 1);  // truncation is floor: nothing is negative
    before = shifted - 1;
    share = inside - before;
  }
};

/// Between a and b. Exact at share 0.
template <class T>
NN_HOST_DEVICE T interpolate(T a, T b, T share) {
  return a + share * (b - a);
}

/// Noise of four neighbouring source pixels (columns 4 * quad to 4 * quad + 3) as random words.
NN_HOST_DEVICE inline Philox4 ct_noise_bits(std::uint32_t key_low, std::uint32_t key_high, std::uint32_t quad,
                                            std::uint32_t row, std::uint32_t slice) {
  return philox({{quad, row, slice, 0}}, key_low, key_high);
}

/// A sum of four bytes, centred and scaled to standard deviation 1: close to a normal number (nothing beyond 3.5,
/// kurtosis 2.7), and the same bits everywhere, for it needs neither logarithm nor cosine.
/// One byte has variance (256^2 - 1) / 12; the four together 21845.
NN_HOST_DEVICE inline float ct_noise(std::uint32_t bits) {
  const std::uint32_t pairs = (bits & 0x00ff00ffU) + ((bits >> 8U) & 0x00ff00ffU);
  const auto sum = static_cast<std::int32_t>((pairs & 0xffffU) + (pairs >> 16U));
  return static_cast<float>(sum - 510) * 6.7658751e-3F;  // 1 / sqrt(21845)
}

}  // namespace nn::functors
