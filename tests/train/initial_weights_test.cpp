#include "train/initial_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
