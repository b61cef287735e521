#include "apps/slice_picture.h"

#include <algorithm>
#include <cmath>

#include "io/pictures/png_writer.h"
#include "train/data/preprocessing.h"

namespace apps {

std::string slice_png(const train::DatasetImage& image, train::ImageKind kind, int size, train::SliceCache& cache) {
  train::Preprocessing preprocessing = train::Preprocessing::defaults(kind, train::InputKind::windows, size);
  if (kind == train::ImageKind::dicom) preprocessing.windows = {train::brain_window};
  const auto decoded = cache.get(image.path, kind);
  const train::DecodedImage* slices[] = {decoded.get()};
  const nn::Tensor input = nn::Tensor::empty({1, size, size, preprocessing.channels()});
  train::prepare_input(preprocessing, slices, {}, input);

  io::Picture picture{.width = size, .height = size, .channels = 1, .pixels = {}};
  picture.pixels.reserve(static_cast<std::size_t>(input.rows()));
  for (std::int64_t pixel = 0; pixel < input.rows(); ++pixel) {
    const float value = std::clamp(*input.row<float>(pixel), 0.0F, 1.0F);
    picture.pixels.push_back(static_cast<std::uint8_t>(std::lround(value * 255.0F)));
  }
  return io::encode_png(picture);
}

}  // namespace apps
