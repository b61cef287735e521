#include "train/data/preprocessing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "nn/core/philox.h"

namespace {

using nn::Tensor;
using train::Augmentation;
using train::DecodedImage;
using train::ImageKind;
using train::InputKind;
using train::Preprocessing;

// A window of 128 HU from 0 on: stored values 0 to 127 become value / 128, exactly.
constexpr io::GreyWindow plain_window{64, 128};

DecodedImage random_slice(int rows, int columns, std::uint64_t seed = 1) {
  nn::Random random(seed);
  DecodedImage image;
  image.pixels = Tensor::empty({1, rows, columns, 1}, nn::DType::i16);
  for (int i = 0; i < rows * columns; ++i) {
    image.pixels.data<std::int16_t>()[i] = static_cast<std::int16_t>(random.below(128));
  }
  return image;
}

double stored(const DecodedImage& image, int row, int column) {
  return image.pixels.data<std::int16_t>()[row * image.pixels.w() + column] / 128.0;
}

Preprocessing plain(int size, InputKind input = InputKind::windows) {
  Preprocessing preprocessing;
  preprocessing.size = size;
  preprocessing.input = input;
  preprocessing.windows = {plain_window};
  return preprocessing;
}

/// The input as prepare_input makes it; at(row, column, channel).
struct Input {
  Tensor y;

  Input(const Preprocessing& preprocessing, const std::vector<const DecodedImage*>& slices,
        const Augmentation& augmentation = {})
      : y(Tensor::empty({1, preprocessing.size, preprocessing.size, preprocessing.channels()})) {
    train::prepare_input(preprocessing, slices, augmentation, y);
  }
  double at(int row, int column, int channel = 0) const {
    return static_cast<double>(y.row<float>(row * y.w() + column)[channel]);
  }
};

TEST(Preprocessing, SurvivesJson) {
  Preprocessing preprocessing = Preprocessing::defaults(ImageKind::dicom, InputKind::windows, 224);
  preprocessing.mean = {0.1, 0.2, 0.3};
  preprocessing.deviation = {1, 2, 0.25};
  const Preprocessing again = train::preprocessing_from_json(train::to_json(preprocessing));
  EXPECT_EQ(train::to_json(again), train::to_json(preprocessing));
  EXPECT_EQ(again.size, 224);
  EXPECT_EQ(again.windows.size(), 3U);
  EXPECT_EQ(again.windows[1].centre, 80);
  EXPECT_EQ(again.deviation, preprocessing.deviation);

  for (const Preprocessing& other : {Preprocessing::defaults(ImageKind::dicom, InputKind::slices, 64),
                                     Preprocessing::defaults(ImageKind::pictures, InputKind::windows, 64)}) {
    EXPECT_EQ(train::to_json(train::preprocessing_from_json(train::to_json(other))), train::to_json(other));
    EXPECT_EQ(other.channels(), 3);
  }
}

TEST(Preprocessing, UnknownJsonKeysArePassedOver) {
  std::string json = train::to_json(plain(32));
  json.insert(1, "\"new_key\":[1,2],");
  EXPECT_EQ(train::preprocessing_from_json(json).size, 32);
}

TEST(Preprocessing, RefusesJsonThatCannotBe) {
  const std::string json = train::to_json(plain(32));
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string changed = json;
    const std::size_t at = changed.find(from);
    ASSERT_NE(at, std::string::npos) << from << " in " << json;
    changed.replace(at, from.size(), to);
    EXPECT_THROW(train::preprocessing_from_json(changed), nn::Error) << changed;
  };
  refused("\"size\":32", "\"size\":0");
  refused("\"size\":32", "\"size\":\"32\"");
  refused("\"size\":32", "\"tall\":32");
  refused("\"channels\":1", "\"channels\":2");
  refused("\"matrix\"", "\"centre crop\"");
  refused("\"windows\":[", "\"windows\":[[40,0],");
  refused("\"input\":\"windows\"", "\"input\":\"volume\"");
  refused("\"images\":\"dicom\"", "\"images\":\"films\"");
  refused("{", "");
}

TEST(Preprocessing, RefusesSettingsThatCannotBe) {
  const auto refused = [](auto change) {
    Preprocessing preprocessing = Preprocessing::defaults(ImageKind::dicom, InputKind::windows, 64);
    preprocessing.check();
    change(preprocessing);
    EXPECT_THROW(preprocessing.check(), nn::Error);
  };
  refused([](Preprocessing& p) { p.size = 1000000; });
  refused([](Preprocessing& p) { p.windows.clear(); });
  refused([](Preprocessing& p) { p.windows[0].width = -80; });
  refused([](Preprocessing& p) { p.input = InputKind::slices; });  // with three windows
  refused([](Preprocessing& p) { p.mean = {0}; });
  refused([](Preprocessing& p) { p.mean = {0, 0, 0}, p.deviation = {1, 1, 0}; });
  refused([](Preprocessing& p) {
    p = Preprocessing::defaults(ImageKind::pictures, InputKind::windows, 64);
    p.input = InputKind::slices;
  });
}

TEST(PrepareInput, TheWholeMatrixAtItsOwnSizeIsExact) {
  const DecodedImage image = random_slice(16, 16);
  const Input input(plain(16), {&image});
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) ASSERT_EQ(input.at(i, j), stored(image, i, j));
  }
}

TEST(PrepareInput, HalvingIsTheAreaAverage) {
  const DecodedImage image = random_slice(32, 32);
  const Input input(plain(16), {&image});
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      ASSERT_EQ(input.at(i, j), (stored(image, 2 * i, 2 * j) + stored(image, 2 * i, 2 * j + 1) +
                                 stored(image, 2 * i + 1, 2 * j) + stored(image, 2 * i + 1, 2 * j + 1)) /
                                    4);
    }
  }
}

TEST(PrepareInput, AWideMatrixLiesInTheMiddleBetweenAir) {
  const DecodedImage image = random_slice(8, 16);
  const Input input(plain(16), {&image});
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      const bool inside = i >= 4 && i < 12;
      ASSERT_EQ(input.at(i, j), inside ? stored(image, i - 4, j) : 0.0) << i << ' ' << j;
    }
  }
}

TEST(PrepareInput, PixelsBecomeSquareInMillimetres) {
  // Rows twice as far apart as columns: 16 rows and 32 columns are a square, rows stay and columns are halved.
  DecodedImage image = random_slice(16, 32);
  image.aspect = 2;
  const Input input(plain(16), {&image});
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      ASSERT_EQ(input.at(i, j), (stored(image, i, 2 * j) + stored(image, i, 2 * j + 1)) / 2);
    }
  }
}

TEST(PrepareInput, NeighboursBecomeChannelsWithTheirOwnSlopes) {
  std::vector<DecodedImage> slices = {random_slice(8, 8, 1), random_slice(8, 8, 2), random_slice(8, 8, 3)};
  slices[2].slope = 0.5;
  const std::vector<const DecodedImage*> three = {&slices[0], &slices[1], &slices[2]};
  const Input input(plain(8, InputKind::slices), three);
  const Input reversed(plain(8, InputKind::slices), three, {.reverse_slices = true});
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 8; ++j) {
      for (int channel = 0; channel < 3; ++channel) {
        const double expected = stored(slices[static_cast<std::size_t>(channel)], i, j) * (channel == 2 ? 0.5 : 1);
        ASSERT_EQ(input.at(i, j, channel), expected);
        ASSERT_EQ(reversed.at(i, j, 2 - channel), expected);
      }
    }
  }
}

TEST(PrepareInput, PicturesBecomeThreeChannels) {
  io::Picture grey{.width = 8, .height = 8, .channels = 1, .pixels = {}};
  io::Picture colour{.width = 8, .height = 8, .channels = 3, .pixels = {}};
  for (int i = 0; i < 64; ++i) {
    grey.pixels.push_back(static_cast<std::uint8_t>(4 * i));
    for (int channel = 0; channel < 3; ++channel) {
      colour.pixels.push_back(static_cast<std::uint8_t>(i + 50 * channel));
    }
  }
  const DecodedImage grey_image = train::decoded_image(grey), colour_image = train::decoded_image(colour);
  const Preprocessing preprocessing = Preprocessing::defaults(ImageKind::pictures, InputKind::windows, 8);
  const Input from_grey(preprocessing, {&grey_image}), from_colour(preprocessing, {&colour_image});
  for (int i = 0; i < 64; ++i) {
    for (int channel = 0; channel < 3; ++channel) {
      ASSERT_FLOAT_EQ(static_cast<float>(from_grey.at(i / 8, i % 8, channel)), 4.0F * i / 255);
      ASSERT_FLOAT_EQ(static_cast<float>(from_colour.at(i / 8, i % 8, channel)), (i + 50.0F * channel) / 255);
    }
  }
}

TEST(PrepareInput, FlipExchangesLeftAndRight) {
  const DecodedImage image = random_slice(16, 16);
  const Input input(plain(16), {&image}, {.flip = true});
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) ASSERT_EQ(input.at(i, j), stored(image, i, 15 - j));
  }
}

TEST(PrepareInput, ShiftMovesWhatIsSeenRightAndDown) {
  const DecodedImage image = random_slice(16, 16);
  const Input input(plain(16), {&image}, {.shift_x = 2 / 16.0, .shift_y = 1 / 16.0});
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      ASSERT_EQ(input.at(i, j), i >= 1 && j >= 2 ? stored(image, i - 1, j - 2) : 0.0);
    }
  }
}

TEST(PrepareInput, RotationTurnsClockwise) {
  const DecodedImage image = random_slice(16, 16);
  const Input input(plain(16), {&image}, {.rotation = std::numbers::pi / 2});
  for (int i = 0; i < 16; ++i) {
    // cos(pi/2) is 6e-17 and not 0: points lie a rounding beside the pixels' centres.
    for (int j = 0; j < 16; ++j) ASSERT_NEAR(input.at(i, j), stored(image, 15 - j, i), 1e-6);
  }
}

TEST(PrepareInput, ScaleEnlargesAroundTheMiddle) {
  const DecodedImage image = random_slice(16, 16);
  const Input input(plain(16), {&image}, {.scale = 2});
  // Output 4.5 .. 11.5 around the middle 7.5 shows source 6 .. 9: pixel (row 7, column 7) lies at 7.25.
  const auto mix = [&](int i, int j) { return 0.75 * stored(image, i, j) + 0.25 * stored(image, i, j + 1); };
  EXPECT_NEAR(input.at(7, 7), 0.75 * mix(7, 7) + 0.25 * mix(8, 7), 1e-6);
}

TEST(PrepareInput, ShiftComesAfterTheFlip) {
  // p' = shift + R * F * p: a flipped picture is shifted to the right too.
  const DecodedImage image = random_slice(16, 16);
  const Input input(plain(16), {&image}, {.flip = true, .shift_x = 3 / 16.0});
  for (int j = 3; j < 16; ++j) ASSERT_EQ(input.at(5, j), stored(image, 5, 15 - (j - 3)));
}

TEST(PrepareInput, WindowJitterMovesAndWidensTheWindow) {
  const DecodedImage image = random_slice(16, 16);
  // Centre 64 + 0.25 * 128 = 96, width 256: (v - 96) / 256 + 1/2
  const Input input(plain(16), {&image}, {.windows = {{.shift = 0.25, .scale = 2}}});
  for (int j = 0; j < 16; ++j) ASSERT_EQ(input.at(3, j), (stored(image, 3, j) * 128 - 96) / 256 + 0.5);
}

TEST(PrepareInput, NoiseIsThatOfItsKey) {
  const DecodedImage image = random_slice(16, 16);
  const auto noisy = [&](std::uint32_t key) {
    return Input(plain(16), {&image}, {.noise = 3, .noise_key = {key, 5}}).y.to_vector<float>();
  };
  EXPECT_EQ(noisy(1), noisy(1));
  EXPECT_NE(noisy(1), noisy(2));
  EXPECT_NE(noisy(1), Input(plain(16), {&image}).y.to_vector<float>());
}

TEST(PrepareInput, RefusesWhatDoesNotFit) {
  const DecodedImage small = random_slice(8, 8), large = random_slice(16, 16);
  const Tensor y = Tensor::empty({1, 8, 8, 3}), one = Tensor::empty({1, 8, 8, 1});
  const std::vector<const DecodedImage*> mixed = {&small, &small, &large}, single = {&small};
  EXPECT_THROW(train::prepare_input(plain(8, InputKind::slices), mixed, {}, y), nn::Error);
  EXPECT_THROW(train::prepare_input(plain(8, InputKind::slices), single, {}, y), nn::Error);
  EXPECT_THROW(train::prepare_input(plain(8), single, {}, y), nn::Error);
  train::prepare_input(plain(8), single, {}, one);
}

}  // namespace
