// What ct_input makes of stored values, by a plain double computation written from the formulas alone, pixel by pixel;
// and calls of the kernel, to compare.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "nn/core/philox.h"
#include "nn/functors/ct_input.h"
#include "nn/kernels/ct_input.h"

namespace nn::test::ct {

using functors::CtColumn;

// Measured over the cases here: f32 1.6e-7, f64 1.4e-15.
inline constexpr double f32_tolerance = 5e-7, f64_tolerance = 5e-15;

struct GreyWindow {
  double centre, width;
};

/// The parameters of one sample, by name.
struct Sample {
  std::vector<double> slope = {1}, intercept = {0};
  std::vector<double> map = {1, 0, 0, 0, 1, 0};
  double noise = 0;
  std::uint32_t key_low = 0, key_high = 0;
  std::vector<GreyWindow> windows = {{1023.5, 4095}};

  std::vector<double> row() const {
    std::vector<double> values(CtColumn::windows);
    std::copy(slope.begin(), slope.end(), values.begin() + CtColumn::slope);
    std::copy(intercept.begin(), intercept.end(), values.begin() + CtColumn::intercept);
    std::copy(map.begin(), map.end(), values.begin() + CtColumn::affine);
    values[CtColumn::noise] = noise;
    values[CtColumn::noise_key] = key_low;
    values[CtColumn::noise_key + 1] = key_high;
    for (const GreyWindow& window : windows) values.insert(values.end(), {window.centre, window.width});
    return values;
  }
};

inline Tensor parameters(const std::vector<Sample>& samples) {
  std::vector<double> all;
  for (const Sample& sample : samples) {
    const std::vector<double> row = sample.row();
    all.insert(all.end(), row.begin(), row.end());
  }
  const auto n = static_cast<std::int64_t>(samples.size());
  return Tensor::from<double>({n, 1, 1, static_cast<std::int64_t>(all.size()) / n}, std::span<const double>(all));
}

inline Tensor random_slices(Shape shape, int low, int high, std::uint64_t seed = 1) {
  Random random(seed);
  std::vector<std::int16_t> values(static_cast<std::size_t>(shape.elements()));
  for (std::int16_t& value : values) {
    value = static_cast<std::int16_t>(low + static_cast<int>(random.below(static_cast<std::uint32_t>(high - low))));
  }
  return Tensor::from<std::int16_t>(shape, std::span<const std::int16_t>(values));
}

inline double expected_window(double hu, const GreyWindow& window) {
  const double clipped = std::clamp(hu, -1024.0, 3071.0);
  return std::clamp((clipped - window.centre) / window.width + 0.5, 0.0, 1.0);
}

/// The windowed value of one source pixel, air where there is none.
inline double expected_pixel(const Tensor& slices, std::int64_t n, std::int64_t y, std::int64_t x, int slice,
                             const Sample& sample, const GreyWindow& window) {
  if (y < 0 || x < 0 || y >= slices.h() || x >= slices.w()) return expected_window(-1024, window);
  const auto s = static_cast<std::size_t>(slice);
  const std::int16_t stored = slices.row<std::int16_t>((n * slices.h() + y) * slices.w() + x)[slice];
  return expected_window(sample.slope[s] * stored + sample.intercept[s], window);
}

inline double expected_sample(const Tensor& slices, std::int64_t n, double y, double x, int slice, const Sample& sample,
                              const GreyWindow& window) {
  const double left = std::floor(x), top = std::floor(y);
  double sum = 0;
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) {
      const double weight = (dx ? x - left : left + 1 - x) * (dy ? y - top : top + 1 - y);
      sum += weight * expected_pixel(slices, n, static_cast<std::int64_t>(top) + dy,
                                     static_cast<std::int64_t>(left) + dx, slice, sample, window);
    }
  }
  return sum;
}

inline double expected_output(const Tensor& slices, std::int64_t n, std::int64_t i, std::int64_t j,
                              std::int64_t channel, const Sample& sample) {
  const std::vector<double>& m = sample.map;
  const int across = std::max(1, static_cast<int>(std::ceil(std::hypot(m[0], m[3]) - 1e-6)));
  const int down = std::max(1, static_cast<int>(std::ceil(std::hypot(m[1], m[4]) - 1e-6)));
  const auto windows = static_cast<std::int64_t>(sample.windows.size());
  double sum = 0;
  for (int b = 0; b < down; ++b) {
    for (int a = 0; a < across; ++a) {
      const double u = static_cast<double>(j) + (a + 0.5) / across - 0.5;
      const double v = static_cast<double>(i) + (b + 0.5) / down - 0.5;
      sum += expected_sample(slices, n, m[3] * u + m[4] * v + m[5], m[0] * u + m[1] * v + m[2],
                             static_cast<int>(channel / windows), sample,
                             sample.windows[static_cast<std::size_t>(channel % windows)]);
    }
  }
  return sum / (across * down);
}

/// The kernel's output, as doubles.
inline std::vector<double> run(const Tensor& slices, const std::vector<Sample>& samples, Shape y_shape, DType dtype,
                               const std::vector<double>& mean = {}, const std::vector<double>& deviation = {}) {
  const auto channel_tensor = [&](const std::vector<double>& values) {
    return values.empty() ? Tensor() : Tensor::from<double>(vector_shape(y_shape.c), std::span(values));
  };
  const Tensor y = Tensor::empty(y_shape, dtype);
  ct_input(slices, parameters(samples), channel_tensor(mean), channel_tensor(deviation), y);
  if (dtype == DType::f64) return y.to_vector<double>();
  const std::vector<float> values = y.to_vector<float>();
  return {values.begin(), values.end()};
}

inline double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

inline void expect_plain_computation(const Tensor& slices, const std::vector<Sample>& samples, Shape shape,
                                     const std::vector<double>& mean = {}, const std::vector<double>& deviation = {}) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const std::vector<double> actual = run(slices, samples, shape, dtype, mean, deviation);
    double worst = 0;
    std::size_t at = 0;
    for (std::int64_t n = 0; n < shape.n; ++n) {
      for (std::int64_t i = 0; i < shape.h; ++i) {
        for (std::int64_t j = 0; j < shape.w; ++j) {
          for (std::int64_t channel = 0; channel < shape.c; ++channel, ++at) {
            const auto c = static_cast<std::size_t>(channel);
            double expected =
                expected_output(slices, slices.n() == 1 ? 0 : n, i, j, channel, samples[static_cast<std::size_t>(n)]);
            if (!mean.empty()) expected = (expected - mean[c]) / deviation[c];
            worst = std::max(worst, std::abs(actual[at] - expected));
          }
        }
      }
    }
    EXPECT_LT(worst, dtype == DType::f32 ? f32_tolerance : f64_tolerance) << dtype;
  }
}

}  // namespace nn::test::ct
