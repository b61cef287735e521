#include "train/pretrained/imagenet.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "io/pictures/resize.h"
#include "models/registry.h"
#include "train/inference.h"
#include "train/pretrained/embedded.h"

namespace train {
namespace {

constexpr int shorter_side = 256, crop = 224;

/// The longer side is rounded to the nearest pixel (torchvision rounds down, which squeezes the picture a little more).
io::Picture middle_of(const io::Picture& picture) {
  const int shorter = std::min(picture.width, picture.height);
  const auto scaled = [&](int side) {
    return static_cast<int>(std::lround(static_cast<double>(shorter_side) * side / shorter));
  };
  return io::centre_crop(io::resize(picture, scaled(picture.width), scaled(picture.height)), crop, crop);
}

/// exp(logit) / sum of exp, shifted by the largest against overflow.
std::vector<double> softmax(const std::vector<float>& logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> values;
  values.reserve(logits.size());
  for (const float logit : logits) values.push_back(std::exp(logit - largest));
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value /= sum;
  return values;
}

}  // namespace

const std::vector<std::string>& imagenet_classes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    std::istringstream lines{std::string(embedded_imagenet_classes)};
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with('#') && line.find(' ') != std::string::npos)
        list.push_back(line.substr(line.find(' ') + 1));
    }
    return list;
  }();
  return names;
}

nn::Tensor imagenet_input(const io::Picture& picture, PictureScaling scaling) {
  NN_CHECK(picture.channels == 3, "[imagenet_input] expected a colour picture, got ", picture.channels, " channels");
  const io::Picture square = middle_of(picture);
  const ScalingNumbers& numbers_of = numbers(scaling);
  nn::Tensor input = nn::Tensor::empty({1, crop, crop, 3});
  float* to = input.data<float>();
  for (std::size_t pixel = 0; pixel < std::size_t{crop} * crop; ++pixel) {
    for (std::size_t c = 0; c < 3; ++c) {
      const double value = square.pixels[3 * pixel + static_cast<std::size_t>(numbers_of.order[c])] / 255.0;
      *to++ = static_cast<float>((value - numbers_of.mean[c]) / numbers_of.deviation[c]);
    }
  }
  return input;
}

ImageNetClassifier::ImageNetClassifier(const Pretrained& pretrained, const Compute& compute)
    : scaling_(pretrained.scaling),
      compute_(compute),
      network_(models::make_model(
          pretrained.architecture,
          {.head = models::Head::imagenet, .size = crop, .batch_norm_epsilon = pretrained.batch_norm_epsilon})) {
  import_pretrained(pretrained, *network_);
  move_to(compute, *network_);
}

std::vector<Guess> ImageNetClassifier::top(const io::Picture& picture, int count) {
  const nn::Tensor logits = infer(*network_, imagenet_input(picture, scaling_), compute_);
  const std::vector<double> probabilities = softmax(logits.to_vector<float>());
  std::vector<Guess> guesses;
  for (std::size_t i = 0; i < probabilities.size(); ++i) guesses.push_back({static_cast<int>(i), probabilities[i]});
  std::stable_sort(guesses.begin(), guesses.end(),
                   [](const Guess& a, const Guess& b) { return a.probability > b.probability; });
  guesses.resize(std::min(guesses.size(), static_cast<std::size_t>(count)));
  return guesses;
}

}  // namespace train
