#include "nn/cpu/ct_input/ct_upright.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "nn/cpu/ct_input/ct_sample.h"
#include "nn/cpu/ct_input/ct_weighted_pixels.h"
#include "nn/cpu/loops/elementwise.h"

namespace nn::cpu {
namespace {

/// A share that is 0 but for rounding: one pixel less to read, and a difference far below that of a float.
constexpr float negligible = 1e-9F;

/// Rows of all slices in Hounsfield units, each made when it is first asked for.
class HounsfieldRows {
 public:
  /// The last `rows` rows asked for stay.
  HounsfieldRows(const Tensor& slices, const SampleParameters& sample, int rows)
      : slices_(slices),
        sample_(sample),
        held_(static_cast<std::size_t>(rows), -1),
        noise_(static_cast<std::size_t>(slices.w() + 3)),
        hu_(static_cast<std::size_t>(rows * slices.c() * slices.w())) {}

  /// Row y, the slices one after the other.
  const float* row(std::int64_t y) {
    const auto rows = static_cast<std::int64_t>(held_.size()), place = y % rows;
    float* const hu = hu_.data() + place * slices_.c() * slices_.w();
    if (std::exchange(held_[static_cast<std::size_t>(place)], y) == y) return hu;
    for (std::int64_t s = 0; s < slices_.c(); ++s) {
      hounsfield_units(slices_, y, static_cast<int>(s), sample_, noise_.data(), hu + s * slices_.w());
    }
    return hu;
  }

 private:
  const Tensor& slices_;
  const SampleParameters& sample_;
  std::vector<std::int64_t> held_;
  std::vector<float> noise_, hu_;
};

/// One output row of an upright map: source rows are windowed and summed, then their pixels are.
class UprightRows {
 public:
  UprightRows(const Tensor& source, const SampleParameters& sample, const AxisWeights& down, const AxisWeights& across)
      : source_(source),
        down_(down),
        across_(across),
        whole_step_(across.whole_step(source.w())),
        hu_(source, sample, down.taps),
        // Air before the first pixel, and behind the last as far as a pixel of the ring reaches with all its taps.
        pixels_(static_cast<std::size_t>(source.w() + across.taps + 3)) {}

  void write_row(std::int64_t i, const LaneGroup<float>& group, const LaneScale<float>& scale, const Tensor& y) {
    float* const to = y.row<float>(i * y.w()) + group.first;
    if (whole_step_ != 0) {
      WindowedRows rows = rows_of(i, group);
      rows.count = y.w() * whole_step_;
      write_windowed_rows(rows, whole_step_, mean_of_step(scale), y.pitch(), to);
      return;
    }
    sum_rows(i, group);
    sum_weighted_pixels({.from = pixels_[1].lane,
                         .taps = across_.taps,
                         .first = across_.first.data(),
                         .weight = across_.weight.data(),
                         .scale = scale,
                         .count = y.w(),
                         .pitch = y.pitch(),
                         .lanes = group.count},
                        to);
  }

 private:
  /// The source rows that output row i shows; what lies outside is the start.
  WindowedRows rows_of(std::int64_t i, const LaneGroup<float>& group) {
    const auto taps = static_cast<std::size_t>(down_.taps);
    hu_of_lanes_.clear();
    weights_.clear();
    float outside = 0;
    for (std::size_t t = 0; t < taps; ++t) {
      const std::int64_t row = down_.first[static_cast<std::size_t>(i)] + static_cast<std::int64_t>(t);
      const float weight = down_.weight[static_cast<std::size_t>(i) * taps + t];
      if (row < 0 || row >= source_.h()) {
        outside += weight;
      } else if (weight != 0) {
        const float* const hu = hu_.row(row);
        std::array<const float*, lanes>& of_lanes = hu_of_lanes_.emplace_back();
        for (int l = 0; l < lanes; ++l) of_lanes[l] = hu + source_.w() * group.slice[l];
        weights_.push_back(weight);
      }
    }
    WindowedRows rows{.taps = static_cast<int>(weights_.size()),
                      .hu = hu_of_lanes_.data(),
                      .weight = weights_.data(),
                      .window = {},
                      .start = {},
                      .lanes = group.count,
                      .count = source_.w()};
    const Pixel<float> air = group.air();
    std::copy(group.window.begin(), group.window.end(), rows.window);
    for (int l = 0; l < lanes; ++l) rows.start[l] = outside * air.lane[l];
    return rows;
  }

  /// The weighted sum of these rows, with air around it.
  void sum_rows(std::int64_t i, const LaneGroup<float>& group) {
    add_windowed_rows(rows_of(i, group), pixels_[1].lane);
    const auto taps = static_cast<std::ptrdiff_t>(down_.taps);
    const auto weight = down_.weight.begin() + i * taps;
    const float all = std::accumulate(weight, weight + taps, 0.0F);
    Pixel<float> beside = group.air();
    for (float& value : beside.lane) value *= all;
    pixels_.front() = beside;
    std::fill(pixels_.begin() + 1 + source_.w(), pixels_.end(), beside);
  }

  LaneScale<float> mean_of_step(LaneScale<float> scale) const {
    for (float& factor : scale.scale) factor /= static_cast<float>(whole_step_);
    return scale;
  }

  const Tensor& source_;
  const AxisWeights &down_, &across_;
  int whole_step_;
  HounsfieldRows hu_;
  std::vector<Pixel<float>> pixels_;
  std::vector<std::array<const float*, lanes>> hu_of_lanes_;
  std::vector<float> weights_;
};

}  // namespace

AxisWeights::AxisWeights(double step, double start, std::int64_t count, std::int64_t extent)
    // Samples are about a pixel apart, at most, and each lies between two: together they touch one pixel more than they
    // are, and by rounding now and then another. Taps that nobody needs are dropped.
    : taps(functors::samples_per_pixel(std::abs(step)) + 2),
      first(static_cast<std::size_t>(count)),
      weight(static_cast<std::size_t>(count * taps)) {
  const int samples = taps - 2;
  const auto point = [&](std::size_t j, int a) {
    const double at = static_cast<double>(j) + functors::sample_offset(a, samples);
    return functors::SamplePoint(step * at + start, static_cast<int>(extent));
  };
  for (std::size_t j = 0; j < first.size(); ++j) {
    float* const w = weight.data() + j * static_cast<std::size_t>(taps);
    first[j] = std::min(point(j, 0).before, point(j, samples - 1).before);
    for (int a = 0; a < samples; ++a) {
      const functors::SamplePoint sample = point(j, a);
      w[sample.before - first[j]] += static_cast<float>((1 - sample.share) / samples);
      w[sample.before - first[j] + 1] += static_cast<float>(sample.share / samples);
    }
    if (w[0] < negligible) {  // begins with the next
      std::copy(w + 1, w + taps, w);
      w[taps - 1] = 0;
      ++first[j];
    }
  }
  while (taps > 1 && last_tap_is_negligible()) drop_last_tap();
}

bool AxisWeights::last_tap_is_negligible() const {
  const auto stride = static_cast<std::size_t>(taps);
  for (std::size_t last = stride - 1; last < weight.size(); last += stride) {
    if (weight[last] >= negligible) return false;
  }
  return true;
}

void AxisWeights::drop_last_tap() {
  const int before = taps--;
  for (std::size_t j = 0; j < first.size(); ++j) {
    const auto from = weight.begin() + static_cast<std::ptrdiff_t>(j) * before;
    std::copy(from, from + taps, weight.begin() + static_cast<std::ptrdiff_t>(j) * taps);
  }
  weight.resize(first.size() * static_cast<std::size_t>(taps));
}

int AxisWeights::whole_step(std::int64_t extent) const {
  if (taps != 1 && taps != 2 && taps != 4) return 0;
  const float equal = 1.0F / static_cast<float>(taps);
  if (!std::all_of(weight.begin(), weight.end(), [&](float one) { return one == equal; })) return 0;
  for (std::size_t j = 0; j < first.size(); ++j) {
    if (first[j] != static_cast<std::int64_t>(j) * taps) return 0;
  }
  return static_cast<std::int64_t>(first.size()) * taps <= extent ? taps : 0;
}

void upright_input(const Tensor& source, const SampleParameters& sample, const Tensor& mean, const Tensor& deviation,
                   const Tensor& y) {
  const functors::AffineMap map = sample.map();
  const AxisWeights down(map.m[4], map.m[5], y.h(), source.h()), across(map.m[0], map.m[2], y.w(), source.w());
  const int channels = static_cast<int>(y.c()), windows = channels / static_cast<int>(source.c());
  parallel_for(0, y.h(), rows_per_chunk(source.w() * down.taps), [&](std::int64_t begin, std::int64_t end) {
    UprightRows rows(source, sample, down, across);
    for (int first = 0; first < channels; first += lanes) {
      const LaneGroup<float> group(first, channels, windows, sample);
      const LaneScale<float> scale = normalisation(mean, deviation, group, 1);
      for (std::int64_t i = begin; i < end; ++i) rows.write_row(i, group, scale, y);
    }
  });
}

}  // namespace nn::cpu
