#include "io/pictures/resize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/error_of.h"

namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

/// 7 x 5 colour pixels, byte i of value 37 i mod 256.
io::Picture striped() {
  io::Picture picture{.width = 7, .height = 5, .channels = 3};
  for (int i = 0; i < 7 * 5 * 3; ++i) picture.pixels.push_back(static_cast<std::uint8_t>(37 * i % 256));
  return picture;
}

/// The largest difference of any byte.
int difference(const std::vector<std::uint8_t>& a, const std::vector<int>& b) {
  if (a.size() != b.size()) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(int{a[i]} - b[i]));
  return largest;
}

// Pillow 9.4: Image.fromarray(bytes).resize((4, 3), Image.BILINEAR).
TEST(Resize, ShrinksAsPillowDoes) {
  const io::Picture small = io::resize(striped(), 4, 3);
  EXPECT_EQ(small.width, 4);
  EXPECT_EQ(small.height, 3);
  EXPECT_LE(difference(small.pixels,
                       {62,  87,  124, 163, 67,  104, 132, 169, 73,  112, 149, 174, 76,  101, 138, 177, 81,  118,
                        146, 183, 87,  126, 163, 188, 83,  115, 152, 115, 95,  132, 160, 121, 101, 140, 170, 126}),
            1);
}

// Pillow 9.4: the first row of .resize((9, 8), Image.BILINEAR).
TEST(Resize, GrowsAsPillowDoes) {
  io::Picture large = io::resize(striped(), 9, 8);
  EXPECT_EQ(large.pixels.size(), 9U * 8 * 3);
  large.pixels.resize(27);
  EXPECT_LE(difference(large.pixels, {0,   37,  74,  74, 111, 148, 160, 84, 121, 190, 28,  65,  77, 114,
                                      151, 163, 200, 38, 107, 144, 68,  80, 117, 154, 154, 191, 228}),
            1);
}

TEST(Resize, OfTheSameSizeChangesNothing) { EXPECT_EQ(io::resize(striped(), 7, 5).pixels, striped().pixels); }

TEST(CentreCrop, TakesTheMiddleAndRoundsHalvesToEven) {
  io::Picture picture{.width = 6, .height = 3, .channels = 1};
  for (std::uint8_t i = 0; i < 18; ++i) picture.pixels.push_back(i);
  EXPECT_THAT(io::centre_crop(picture, 2, 1).pixels, ElementsAre(8, 9));
  EXPECT_THAT(io::centre_crop(picture, 5, 1).pixels, ElementsAre(6, 7, 8, 9, 10)) << "a rest of 1: round(0.5) is 0";
  EXPECT_THAT(io::centre_crop(picture, 3, 1).pixels, ElementsAre(8, 9, 10)) << "a rest of 3: round(1.5) is 2";
  EXPECT_NE(test::error_of([&] { io::centre_crop(picture, 7, 1); }), "");
}

}  // namespace
