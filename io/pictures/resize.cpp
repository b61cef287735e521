#include "io/pictures/resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "nn/core/error.h"

namespace io {
namespace {

/// One new sample: old samples begin, begin + 1, ... with weights that sum to 1.
struct Taps {
  int begin = 0;
  std::vector<double> weights{};
};

/// The triangle of width 2 * max(1, old / new) around the new sample's middle, cut off at the picture's edge.
std::vector<Taps> triangle_taps(int old_size, int new_size) {
  const double scale = static_cast<double>(old_size) / new_size, radius = std::max(scale, 1.0);
  std::vector<Taps> all;
  for (int i = 0; i < new_size; ++i) {
    const double middle = (i + 0.5) * scale;
    Taps taps{.begin = std::max(0, static_cast<int>(std::floor(middle - radius + 0.5)))};
    const int end = std::min(old_size, static_cast<int>(std::floor(middle + radius + 0.5)));
    double sum = 0;
    for (int j = taps.begin; j < end; ++j) {
      taps.weights.push_back(std::max(0.0, 1 - std::abs(j + 0.5 - middle) / radius));
      sum += taps.weights.back();
    }
    for (double& weight : taps.weights) weight /= sum;
    all.push_back(std::move(taps));
  }
  return all;
}

std::uint8_t rounded(double value) {
  return static_cast<std::uint8_t>(std::clamp(std::floor(value + 0.5), 0.0, 255.0));
}

/// One line of samples, `step` bytes from each to the next.
void resample(const std::uint8_t* from, std::uint8_t* to, const std::vector<Taps>& taps, int step) {
  for (std::size_t i = 0; i < taps.size(); ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < taps[i].weights.size(); ++k) {
      sum += taps[i].weights[k] * from[(static_cast<std::ptrdiff_t>(k) + taps[i].begin) * step];
    }
    to[static_cast<std::ptrdiff_t>(i) * step] = rounded(sum);
  }
}

Picture empty_like(const Picture& picture, int width, int height) {
  Picture result{.width = width, .height = height, .channels = picture.channels};
  result.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                       static_cast<std::size_t>(picture.channels));
  return result;
}

Picture with_width(const Picture& picture, int width) {
  Picture result = empty_like(picture, width, picture.height);
  const std::vector<Taps> taps = triangle_taps(picture.width, width);
  for (std::ptrdiff_t y = 0; y < picture.height; ++y) {
    for (std::ptrdiff_t c = 0; c < picture.channels; ++c) {
      resample(picture.pixels.data() + y * picture.width * picture.channels + c,
               result.pixels.data() + y * width * picture.channels + c, taps, picture.channels);
    }
  }
  return result;
}

Picture with_height(const Picture& picture, int height) {
  Picture result = empty_like(picture, picture.width, height);
  const std::vector<Taps> taps = triangle_taps(picture.height, height);
  const int row = picture.width * picture.channels;
  for (std::ptrdiff_t i = 0; i < row; ++i) resample(picture.pixels.data() + i, result.pixels.data() + i, taps, row);
  return result;
}

/// Half of the rest, halves to the even neighbour: Python's round((old - new) / 2).
int margin(int old_size, int new_size) {
  const int rest = old_size - new_size, half = rest / 2;
  return rest % 2 == 0 || half % 2 == 0 ? half : half + 1;
}

}  // namespace

Picture resize(const Picture& picture, int width, int height) {
  NN_CHECK(width >= 1 && height >= 1 && picture.width >= 1 && picture.height >= 1, "[resize] expected a picture, got ",
           picture.width, " x ", picture.height, " to ", width, " x ", height);
  Picture result = picture;
  if (width != picture.width) result = with_width(result, width);
  if (height != picture.height) result = with_height(result, height);
  return result;
}

Picture centre_crop(const Picture& picture, int width, int height) {
  NN_CHECK(width <= picture.width && height <= picture.height, "[centre_crop] expected at least ", width, " x ", height,
           ", the picture has ", picture.width, " x ", picture.height);
  Picture result = empty_like(picture, width, height);
  const std::ptrdiff_t left = margin(picture.width, width), top = margin(picture.height, height);
  const std::ptrdiff_t row = std::ptrdiff_t{width} * picture.channels;
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    const std::uint8_t* from = picture.pixels.data() + ((top + y) * picture.width + left) * picture.channels;
    std::copy_n(from, row, result.pixels.data() + y * row);
  }
  return result;
}

}  // namespace io
