#include "train/initial_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "io/pictures/resize.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/sequential.h"
#include "train/pretrained/imagenet.h"
#include "train/weights.h"

namespace {

using testing::Each;
using testing::ElementsAre;
using train::Preprocessing;

Preprocessing with_windows(std::size_t count) {
  Preprocessing result;
  result.windows.assign(count, train::brain_window);
  return result;
}

TEST(InitialWeights, ThreeChannelsAreScaledAsThePicturesOfTheNetworkWere) {
  Preprocessing torch = with_windows(3), caffe = with_windows(3);
  train::apply_scaling(train::PictureScaling::torch, torch);
  train::apply_scaling(train::PictureScaling::caffe, caffe);
  EXPECT_THAT(torch.mean, ElementsAre(0.485, 0.456, 0.406));
  EXPECT_THAT(torch.deviation, ElementsAre(0.229, 0.224, 0.225));
  EXPECT_THAT(caffe.mean, ElementsAre(103.939 / 255, 116.779 / 255, 123.68 / 255));
  EXPECT_THAT(caffe.deviation, Each(1.0 / 255));
}

TEST(InitialWeights, PicturesAreRedGreenBlueWhateverTheWeightsSaw) {
  for (const train::PictureScaling scaling : {train::PictureScaling::torch, train::PictureScaling::caffe}) {
    Preprocessing preprocessing = Preprocessing::defaults(train::ImageKind::pictures, train::InputKind::windows, 224);
    train::apply_scaling(scaling, preprocessing);
    const bool caffe = scaling == train::PictureScaling::caffe;
    EXPECT_NEAR(preprocessing.mean[0], caffe ? 123.68 / 255 : 0.485, 1e-12) << "red";
    EXPECT_NEAR(preprocessing.mean[2], caffe ? 103.939 / 255 : 0.406, 1e-12) << "blue";
    EXPECT_NEAR(preprocessing.deviation[0], caffe ? 1.0 / 255 : 0.229, 1e-12);
  }
}

/// A picture as falx train feeds it gives what imagenet_input gives, which is how the weights were trained.
TEST(InitialWeights, AColourPictureGivesWhatItGaveTheOriginalNetwork) {
  io::Picture picture{.width = 224, .height = 224, .channels = 3};
  for (int i = 0; i < 224 * 224; ++i) {
    for (const int value : {i % 200, 255 - i % 100, i / 224})
      picture.pixels.push_back(static_cast<std::uint8_t>(value));
  }
  const io::Picture larger = io::resize(picture, 256, 256);  // of which imagenet_input takes the middle
  for (const train::PictureScaling scaling : {train::PictureScaling::torch, train::PictureScaling::caffe}) {
    const auto make = [](std::uint64_t seed) {
      auto network = std::make_unique<nn::Sequential>();
      network->add_named<nn::Conv2d>("conv0", 3, 8, nn::Conv2d::Options{.kernel = 3, .stride = 2});
      network->initialize(seed);
      return network;
    };
    const auto original = make(1), network = make(2);
    train::Pretrained weights;
    weights.scaling = scaling;
    weights.weights.tensors = train::export_weights(*original);
    train::import_pretrained(weights, *network, {.red_green_blue = true});

    Preprocessing preprocessing = Preprocessing::defaults(train::ImageKind::pictures, train::InputKind::windows, 224);
    train::apply_scaling(scaling, preprocessing);
    nn::Tensor input = nn::Tensor::empty({1, 224, 224, 3});
    const train::DecodedImage image = train::decoded_image(io::centre_crop(larger, 224, 224));
    const std::array<const train::DecodedImage*, 1> slices = {&image};
    train::prepare_input(preprocessing, slices, {}, input);

    const auto answer = [](nn::Module& module, const nn::Tensor& x) {
      return module(nn::Variable(x), nn::Context{}).value().to_vector<float>();
    };
    const std::vector<float> expected = answer(*original, train::imagenet_input(larger, scaling)),
                             found = answer(*network, input);
    float largest = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) largest = std::max(largest, std::abs(found[i] - expected[i]));
    // Inputs up to 2.6 and up to 151: measured 2e-6 and 1.8e-4.
    EXPECT_LT(largest, scaling == train::PictureScaling::torch ? 1e-5F : 5e-4F) << name(scaling);
  }
}

TEST(InitialWeights, OtherNumbersOfChannelsShareTheMeanOfThree) {
  for (const std::size_t channels : {1U, 5U}) {
    Preprocessing preprocessing = with_windows(channels);
    train::apply_scaling(train::PictureScaling::torch, preprocessing);
    ASSERT_EQ(preprocessing.mean.size(), channels);
    EXPECT_THAT(preprocessing.mean, Each(testing::DoubleEq((0.485 + 0.456 + 0.406) / 3)));
    EXPECT_THAT(preprocessing.deviation, Each(testing::DoubleEq((0.229 + 0.224 + 0.225) / 3)));
    EXPECT_NO_THROW(preprocessing.check());
  }
}

}  // namespace
