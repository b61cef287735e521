// Channels go in groups of four lanes (more take more rounds). A picture that is not turned is summed row by row, in
// f32 (ct_upright.h). Any other takes two passes: every source pixel is windowed, then each output pixel is the mean of
// bilinear samples of these. f64 is made by the functors that GPUs use, pixel by pixel; f32 by loops in registers.
#include "nn/kernels/ct_input.h"

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>
#include <vector>

#include "nn/cpu/ct_input/ct_sample.h"
#include "nn/cpu/ct_input/ct_sampling.h"
#include "nn/cpu/ct_input/ct_turned.h"
#include "nn/cpu/ct_input/ct_upright.h"
#include "nn/cpu/loops/elementwise.h"
#include "nn/functors/ct_input.h"

namespace nn {
namespace cpu {
namespace {

using functors::AffineMap;

bool is_upright(const AffineMap& map) { return map.m[1] == 0 && map.m[3] == 0; }

/// The lanes of every pixel of a row.
void window_row(const std::array<const float*, lanes>& hu, const LaneGroup<float>& group, std::int64_t count,
                Pixel<float>* out) {
  constexpr float whole = 1;
  WindowedRows rows{
      .taps = 1, .hu = &hu, .weight = &whole, .window = {}, .start = {}, .lanes = group.count, .count = count};
  std::copy(group.window.begin(), group.window.end(), rows.window);
  add_windowed_rows(rows, out->lane);
}

void window_row(const std::array<const double*, lanes>& hu, const LaneGroup<double>& group, std::int64_t count,
                Pixel<double>* out) {
  for (std::int64_t x = 0; x < count; ++x) {
    for (int l = 0; l < lanes; ++l) out[x].lane[l] = group.window[l](hu[l][x]);
  }
}

/// First pass of a map that turns: the lanes of every source pixel, and the ring.
template <class T>
void window_source(const Tensor& slices, const SampleParameters& sample, const LaneGroup<T>& group,
                   const RingedPlane<T>& plane) {
  const auto w = static_cast<std::size_t>(slices.w());
  const int first_slice = group.slice[0], last_slice = group.slice[lanes - 1];
  parallel_for(0, slices.h(), rows_per_chunk(slices.w()), [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> hu(w * functors::max_ct_slices);
    std::vector<float> noise(w + 3);
    for (std::int64_t y = begin; y < end; ++y) {
      for (int s = first_slice; s <= last_slice; ++s) {
        hounsfield_units(slices, y, s, sample, noise.data(), hu.data() + w * s);
      }
      std::array<const T*, lanes> source{};
      for (int l = 0; l < lanes; ++l) source[l] = hu.data() + w * group.slice[l];
      window_row(source, group, slices.w(), plane.row(y));
    }
  });
  plane.ring(group.air());
}

/// Second pass: the group's channels of y {1, size_h, size_w, c}.
void sample_output(const RingedPlane<float>& plane, const AffineMap& map, const LaneGroup<float>& group,
                   const Tensor& mean, const Tensor& deviation, const Tensor& y) {
  const int across = functors::samples_per_pixel(map.column_step()), down = functors::samples_per_pixel(map.row_step());
  const TurnedRow row{.plane = plane.row(0)->lane,
                      .plane_pitch = plane.pitch(),
                      .plane_h = static_cast<int>(plane.h()),
                      .plane_w = static_cast<int>(plane.w()),
                      .map = map,
                      .across = across,
                      .down = down,
                      .scale = normalisation(mean, deviation, group, across * down),
                      .row = 0,
                      .count = y.w(),
                      .pitch = y.pitch(),
                      .lanes = group.count};
  parallel_for(0, y.h(), rows_per_chunk(y.w() * across * down * lanes), [&](std::int64_t begin, std::int64_t end) {
    TurnedRow one = row;
    for (one.row = begin; one.row < end; ++one.row) write_turned_row(one, y.row<float>(one.row * y.w()) + group.first);
  });
}

void sample_output(const RingedPlane<double>& plane, const AffineMap& map, const LaneGroup<double>& group,
                   const Tensor& mean, const Tensor& deviation, const Tensor& y) {
  const MeanSampler sampler(plane, map, y.w());
  const LaneScale<double> lane = normalisation(mean, deviation, group, sampler.samples());
  parallel_for(0, y.h(), rows_per_chunk(y.w() * sampler.samples() * lanes), [&](std::int64_t begin, std::int64_t end) {
    std::vector<Pixel<double>> sums(static_cast<std::size_t>(y.w()));
    for (std::int64_t i = begin; i < end; ++i) {
      sampler.sum_row(i, sums);
      double* out = y.row<double>(i * y.w()) + group.first;
      for (const Pixel<double>& sum : sums) {
        for (int l = 0; l < group.count; ++l) out[l] = sum.lane[l] * lane.scale[l] + lane.shift[l];
        out += y.pitch();
      }
    }
  });
}

template <class T>
void turned_input(const Tensor& source, const SampleParameters& sample, const Tensor& mean, const Tensor& deviation,
                  const RingedPlane<T>& plane, const Tensor& y) {
  const int channels = static_cast<int>(y.c()), windows = channels / static_cast<int>(source.c());
  for (int first = 0; first < channels; first += lanes) {
    const LaneGroup<T> group(first, channels, windows, sample);
    window_source(source, sample, group, plane);
    sample_output(plane, sample.map(), group, mean, deviation, y);
  }
}

void ct_input(const Tensor& slices, const Tensor& parameters, const Tensor& mean, const Tensor& deviation,
              const Tensor& y) {
  check_ct_arguments(slices, parameters, mean, deviation, y);
  check_ct_parameters(parameters, slices.c());
  check_ct_normalisation(mean, deviation);
  dispatch_float("ct_input", y, [&]<class T>() {
    std::optional<RingedPlane<T>> plane;
    for (std::int64_t i = 0; i < y.n(); ++i) {
      const Tensor source = slices.n() == 1 ? slices : slices.batch_range(i, i + 1);
      const Tensor output = y.batch_range(i, i + 1);
      const SampleParameters sample(parameters.row<double>(i));
      if constexpr (std::is_same_v<T, float>) {
        if (is_upright(sample.map())) {
          upright_input(source, sample, mean, deviation, output);
          continue;
        }
      }
      if (!plane) plane.emplace(slices.h(), slices.w());
      turned_input(source, sample, mean, deviation, *plane, output);
    }
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(ct_input, cpu::ct_input);

}  // namespace nn
