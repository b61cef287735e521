// One image's way to the network: the arguments of nn::ct_input (declared in preprocessing.h).
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "nn/core/error.h"
#include "nn/functors/ct_input.h"
#include "nn/kernels/ct_input.h"
#include "train/data/preprocessing.h"

namespace train {
namespace {

using nn::functors::CtColumn;

/// Source pixels per output pixel along columns and rows, so that the whole matrix fits and pixels become square.
struct Steps {
  double x, y;
};

Steps fit(const DecodedImage& image, int size) {
  const auto columns = static_cast<double>(image.pixels.w()), rows = static_cast<double>(image.pixels.h());
  const double step = std::max(columns, rows * image.aspect) / size;  // in columns' widths
  return {step, step / image.aspect};
}

/// What is seen at p moves to p' = scale * R(rotation) * F(flip) * p + shift, both from the picture's middle. The
/// kernel asks the other way round, which source point an output pixel shows: p = F * R(-rotation) * (p' - shift) /
/// scale.
void write_map(const DecodedImage& image, int size, const Augmentation& augmentation, double* map) {
  const Steps steps = fit(image, size);
  const double cosine = std::cos(augmentation.rotation) / augmentation.scale;
  const double sine = std::sin(augmentation.rotation) / augmentation.scale;
  const double side = augmentation.flip ? -steps.x : steps.x;
  const double middle_x = (size - 1) / 2.0 + augmentation.shift_x * size;
  const double middle_y = (size - 1) / 2.0 + augmentation.shift_y * size;
  map[0] = side * cosine;
  map[1] = side * sine;
  map[2] = static_cast<double>(image.pixels.w() - 1) / 2 - (map[0] * middle_x + map[1] * middle_y);
  map[3] = -steps.y * sine;
  map[4] = steps.y * cosine;
  map[5] = static_cast<double>(image.pixels.h() - 1) / 2 - (map[3] * middle_x + map[4] * middle_y);
}

/// The slices in the order in which they become channels.
std::vector<const DecodedImage*> in_order(const Preprocessing& preprocessing,
                                          std::span<const DecodedImage* const> slices,
                                          const Augmentation& augmentation) {
  NN_CHECK(slices.size() == static_cast<std::size_t>(preprocessing.slices()), "[prepare_input] expects ",
           preprocessing.slices(), " slices, got ", slices.size());
  std::vector<const DecodedImage*> ordered(slices.begin(), slices.end());
  for (const DecodedImage* slice : ordered) {
    NN_CHECK(slice->pixels.shape() == ordered[0]->pixels.shape(), "[prepare_input] neighbouring slices of ",
             ordered[0]->pixels.shape(), " and ", slice->pixels.shape());
  }
  if (augmentation.reverse_slices) std::reverse(ordered.begin(), ordered.end());
  return ordered;
}

nn::Tensor parameters_of(const Preprocessing& preprocessing, const std::vector<const DecodedImage*>& slices,
                         const Augmentation& augmentation) {
  const int windows = static_cast<int>(preprocessing.windows.size());
  std::vector<double> row(static_cast<std::size_t>(nn::functors::ct_columns(windows)));
  const auto planes = static_cast<std::size_t>(slices[0]->pixels.c());
  for (std::size_t i = 0; i < slices.size() * planes; ++i) {
    row[CtColumn::slope + i] = slices[i / planes]->slope;
    row[CtColumn::intercept + i] = slices[i / planes]->intercept;
  }
  write_map(*slices[slices.size() / 2], preprocessing.size, augmentation, row.data() + CtColumn::affine);
  row[CtColumn::noise] = augmentation.noise;
  row[CtColumn::noise_key] = augmentation.noise_key[0];
  row[CtColumn::noise_key + 1] = augmentation.noise_key[1];
  for (std::size_t i = 0; i < preprocessing.windows.size(); ++i) {
    const WindowJitter jitter = augmentation.windows.empty() ? WindowJitter{} : augmentation.windows.at(i);
    const io::GreyWindow& window = preprocessing.windows[i];
    row[CtColumn::windows + 2 * i] = window.centre + jitter.shift * window.width;
    row[CtColumn::windows + 2 * i + 1] = window.width * jitter.scale;
  }
  return nn::Tensor::from<double>(nn::vector_shape(static_cast<std::int64_t>(row.size())),
                                  std::span<const double>(row));
}

/// i16 {1, rows, columns, planes}: a single slice as it is, several side by side.
nn::Tensor side_by_side(const std::vector<const DecodedImage*>& slices) {
  if (slices.size() == 1) return slices[0]->pixels;
  const nn::Shape one = slices[0]->pixels.shape();
  const auto count = static_cast<std::int64_t>(slices.size());
  nn::Tensor all = nn::Tensor::empty({1, one.h, one.w, count}, nn::DType::i16);
  std::int16_t* out = all.data<std::int16_t>();
  for (std::int64_t s = 0; s < count; ++s) {
    const std::int16_t* in = slices[static_cast<std::size_t>(s)]->pixels.data<std::int16_t>();
    for (std::int64_t i = 0; i < one.h * one.w; ++i) out[i * count + s] = in[i];
  }
  return all;
}

}  // namespace

RawImage raw_image(const Preprocessing& preprocessing, std::span<const DecodedImage* const> slices,
                   const Augmentation& augmentation) {
  const std::vector<const DecodedImage*> ordered = in_order(preprocessing, slices, augmentation);
  return {side_by_side(ordered), parameters_of(preprocessing, ordered, augmentation)};
}

nn::Tensor channel_vector(std::span<const double> values) {
  if (values.empty()) return {};
  nn::Tensor vector = nn::Tensor::pinned(nn::vector_shape(static_cast<std::int64_t>(values.size())), nn::DType::f64);
  std::copy(values.begin(), values.end(), vector.data<double>());
  return vector;
}

void prepare_input(const Preprocessing& preprocessing, std::span<const DecodedImage* const> slices,
                   const Augmentation& augmentation, const nn::Tensor& y) {
  const nn::Shape expected = {1, preprocessing.size, preprocessing.size, preprocessing.channels()};
  NN_CHECK(y.shape() == expected, "[prepare_input] expects y ", expected, ", got ", y.shape());
  const RawImage raw = raw_image(preprocessing, slices, augmentation);
  nn::ct_input(raw.slices, raw.parameters, channel_vector(preprocessing.mean), channel_vector(preprocessing.deviation),
               y);
}

}  // namespace train
