#include "nn/kernels/ct_input.h"

#include <algorithm>
#include <cmath>

#include "nn/functors/ct_input.h"

namespace nn {
namespace {

using functors::CtColumn;

/// Widths of windows that f32 holds with room for a picture's sums; HU, as people mean it, from 1 to some thousands.
constexpr double narrowest_window = 1e-6, widest_window = 1e9;

/// A rescaling and noise of which f32 holds all Hounsfield units: beyond its end an infinite slope times a stored 0
/// would be no number. Scanners have slopes about 1 and intercepts about -1024.
constexpr double steepest_slope = 1e6, largest_intercept = 1e9, most_noise = 1e6;

/// One image's row of `parameters`.
void check_row(const double* row, std::int64_t slices, int windows) {
  for (int i = 0; i < functors::ct_columns(windows); ++i) {
    const bool unused = i % functors::max_ct_slices >= slices && i < CtColumn::affine;
    NN_CHECK(unused || std::isfinite(row[i]), "[ct_input] parameter ", i, " is ", row[i]);
  }
  for (std::int64_t i = 0; i < slices; ++i) {
    const double slope = row[CtColumn::slope + i], intercept = row[CtColumn::intercept + i];
    NN_CHECK(std::abs(slope) <= steepest_slope && std::abs(intercept) <= largest_intercept,
             "[ct_input] expects a slope up to ", steepest_slope, " and an intercept up to ", largest_intercept,
             ", got ", slope, " and ", intercept);
  }
  NN_CHECK(row[CtColumn::noise] >= 0 && row[CtColumn::noise] <= most_noise, "[ct_input] expects noise from 0 to ",
           most_noise, " HU, got ", row[CtColumn::noise]);
  for (int word = 0; word < 2; ++word) {
    const double key = row[CtColumn::noise_key + word];
    NN_CHECK(key >= 0 && key <= 4294967295.0, "[ct_input] a word of the noise key is ", key);
  }
  for (int i = 0; i < windows; ++i) {
    const double width = row[CtColumn::windows + 2 * i + 1];
    NN_CHECK(width >= narrowest_window && width <= widest_window, "[ct_input] expects windows from ", narrowest_window,
             " to ", widest_window, " HU wide, got ", width);
  }
  functors::AffineMap map{};
  std::copy_n(row + CtColumn::affine, 6, map.m);
  constexpr double most = 4096;
  NN_CHECK(map.column_step() <= most && map.row_step() <= most, "[ct_input] the map shrinks more than ", most,
           " times");
}

}  // namespace

void check_ct_arguments(const Tensor& slices, const Tensor& parameters, const Tensor& mean, const Tensor& deviation,
                        const Tensor& y) {
  NN_CHECK(slices.c() <= functors::max_ct_slices && y.c() % slices.c() == 0, "[ct_input] ", slices.c(),
           " slices do not make ", y.c(), " channels");
  NN_CHECK(slices.n() == 1 || slices.n() == y.n(), "[ct_input] ", slices.n(), " slices for ", y.n(), " images");
  const Shape expected = {y.n(), 1, 1, functors::ct_columns(static_cast<int>(y.c() / slices.c()))};
  NN_CHECK(parameters.shape() == expected, "[ct_input] expects parameters ", expected, ", got ", parameters.shape());
  NN_CHECK(mean.defined() == deviation.defined(), "[ct_input] expects both mean and deviation, or neither");
  for (const Tensor& channel : {mean, deviation}) {
    NN_CHECK(!channel.defined() || channel.shape() == vector_shape(y.c()),
             "[ct_input] expects a mean and a deviation for ", y.c(), " channels, got ", channel.shape());
  }
}

void check_ct_parameters(const Tensor& parameters, std::int64_t slices) {
  const auto windows = static_cast<int>((parameters.c() - CtColumn::windows) / 2);
  for (std::int64_t i = 0; i < parameters.rows(); ++i) check_row(parameters.row<double>(i), slices, windows);
}

void check_ct_normalisation(const Tensor& mean, const Tensor& deviation) {
  for (std::int64_t i = 0; deviation.defined() && i < deviation.c(); ++i) {
    const double m = mean.data<double>()[i], d = deviation.data<double>()[i];
    NN_CHECK(std::isfinite(m) && std::isfinite(d) && d > 0, "[ct_input] expects a deviation above 0, channel ", i,
             " has mean ", m, " and deviation ", d);
  }
}

}  // namespace nn
