#include "io/dicom/hounsfield.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nn/core/error.h"

namespace {

using io::StoredFormat;

/// A picture of 8 x 8 whose pixels are all `most`, but for the given ones at the start of the second row.
std::vector<std::int32_t> picture(std::int32_t most, std::initializer_list<std::int32_t> some = {}) {
  std::vector<std::int32_t> values(64, most);
  std::copy(some.begin(), some.end(), values.begin() + 9);
  return values;
}

io::LinearPixels linear(const std::vector<std::int32_t>& values, const StoredFormat& format) {
  return io::to_linear_pixels(values, 8, 8, format);
}

double hu(const io::LinearPixels& pixels, std::size_t i) {
  return std::clamp(pixels.slope * pixels.pixels[i] + pixels.intercept, io::lowest_hu, io::highest_hu);
}

bool has(const io::LinearPixels& pixels, const char* code) {
  return std::any_of(pixels.reasons.begin(), pixels.reasons.end(),
                     [&](const io::Reason& reason) { return reason.code == code; });
}

std::vector<std::string> details(const io::LinearPixels& pixels) {
  std::vector<std::string> lines;
  for (const io::Reason& reason : pixels.reasons) lines.push_back(reason.detail);
  return lines;
}

TEST(StoredValue, ExtendsTheSignAndCutsOffOverlayBits) {
  EXPECT_EQ(io::stored_value(0xF123, {.bits_stored = 12, .high_bit = 11}), 0x123);
  EXPECT_EQ(io::stored_value(0x0FFF, {.bits_stored = 12, .high_bit = 11, .is_signed = true}), -1);
  EXPECT_EQ(io::stored_value(0xFFFF, {.bits_stored = 16, .high_bit = 15, .is_signed = true}), -1);
  EXPECT_EQ(io::stored_value(0xFFFF, {.bits_stored = 16, .high_bit = 15}), 65535);
  EXPECT_EQ(io::stored_value(0x8000, {.bits_stored = 16, .high_bit = 15, .is_signed = true}), -32768);
  EXPECT_EQ(io::stored_value(0x1230, {.bits_stored = 12, .high_bit = 15}), 0x123);  // left-aligned
}

TEST(StoredValue, ManyCellsAtOnceGiveTheSame) {
  for (const auto& [bits, high] :
       {std::pair(12, 11), {12, 15}, {16, 15}, {8, 7}, {1, 0}, {1, 15}, {13, 13}, {15, 14}}) {
    for (const bool is_signed : {false, true}) {
      const StoredFormat format{.bits_stored = bits, .high_bit = high, .is_signed = is_signed};
      std::vector<std::int16_t> words(65536);
      std::iota(words.begin(), words.end(), std::int16_t{0});
      io::cells_to_words(words, format);
      for (std::size_t cell = 0; cell < words.size(); ++cell) {
        const std::int32_t value = io::stored_value(static_cast<std::uint16_t>(cell), format);
        const std::int32_t word = is_signed ? words[cell] : static_cast<std::uint16_t>(words[cell]);
        ASSERT_EQ(word, value) << cell << " of " << bits << " bits below " << high;
      }
    }
  }
}

/// Numbers between two bounds, the bounds among them, in an order without order.
std::vector<std::int32_t> scattered(std::int32_t low, std::int32_t high, std::uint32_t state) {
  std::vector<std::int32_t> values(63);
  for (std::int32_t& value : values) {
    state = state * 1664525U + 1013904223U;
    value = low + static_cast<std::int32_t>((state >> 8U) % static_cast<std::uint32_t>(high - low + 1));
  }
  values[20] = low;
  values[40] = high;
  return values;
}

TEST(Hounsfield, WordsGiveWhatValuesGive) {
  struct Bounds {
    std::int32_t low, high;
    bool is_signed;
  };
  int in_place = 0, cut = 0, pictures = 0;
  for (const Bounds& bounds : {Bounds{0, 4095, false},
                               {0, 32767, false},
                               {0, 40000, false},
                               {63000, 65535, false},
                               {3000, 3200, false},
                               {-2048, 2047, true},
                               {-32768, 32767, true},
                               {-2000, -1500, true}}) {
    for (const int bits : {12, 16}) {
      for (const std::optional<double> intercept : {std::optional<double>(), {0.0}, {-1024.0}, {-32768.0}, {4096.5}}) {
        for (const double slope : {1.0, -1.0, 0.03125, 2.0002442}) {
          for (const std::optional<int> padding : {std::optional<int>(), {-1500}, {-2000}, {0}, {40}, {63536}}) {
            for (const bool monochrome1 : {false, true}) {
              const std::optional<int> limit =
                  pictures % 3 == 0 && padding ? std::optional<int>(*padding + 20) : padding;
              const StoredFormat format{.bits_stored = bits,
                                        .high_bit = bits - 1,
                                        .is_signed = bounds.is_signed,
                                        .monochrome1 = monochrome1,
                                        .slope = slope,
                                        .intercept = intercept,
                                        .padding = padding,
                                        .padding_limit = limit};
              const auto values = scattered(bounds.low, bounds.high, static_cast<std::uint32_t>(++pictures));
              const io::LinearPixels expected = io::to_linear_pixels(values, 9, 7, format);
              std::vector<std::int16_t> words(values.begin(), values.end());
              const std::int16_t* const memory = words.data();
              const io::LinearPixels pixels = io::words_to_linear_pixels(std::move(words), 9, 7, format);
              ASSERT_EQ(pixels.pixels, expected.pixels) << pictures;
              ASSERT_EQ(pixels.slope, expected.slope) << pictures;
              ASSERT_EQ(pixels.intercept, expected.intercept) << pictures;
              ASSERT_EQ(details(pixels), details(expected)) << pictures;
              const bool is_in_place = pixels.pixels.data() == memory;  // the way of usual pictures
              in_place += is_in_place;
              cut += is_in_place && (has(pixels, io::fix::padding) || has(pixels, io::fix::below_air));
            }
          }
        }
      }
    }
  }
  EXPECT_GT(in_place, pictures / 20);
  EXPECT_LT(in_place, pictures / 2);
  EXPECT_GT(cut, pictures / 20);
}

TEST(Hounsfield, CountsWhatIsCutOverManyBlocks) {
  const int side = 300;  // 90000 pixels, more than 16 bits count
  std::vector<std::int16_t> words(static_cast<std::size_t>(side * side), -2000);
  words[100] = 40;
  words[200] = -1500;
  const io::LinearPixels pixels =
      io::words_to_linear_pixels(words, side, side, {.is_signed = true, .slope = 1, .intercept = 0, .padding = -2000});
  EXPECT_EQ(details(pixels), (std::vector<std::string>{"89998 pixels of PixelPaddingValue -2000 became -1024 HU",
                                                       "1 pixels below -1024 HU became -1024 HU"}));
  EXPECT_EQ(std::count(pixels.pixels.begin(), pixels.pixels.end(), -1024), side * side - 1);
  EXPECT_EQ(pixels.pixels[100], 40);
}

TEST(Hounsfield, AnOrdinaryPictureStaysInItsMemory) {
  std::vector<std::int16_t> words(64, 24);
  const std::int16_t* const memory = words.data();
  const StoredFormat format{.bits_stored = 12, .high_bit = 11, .slope = 1, .intercept = -1024};
  EXPECT_EQ(io::words_to_linear_pixels(std::move(words), 8, 8, format).pixels.data(), memory);
}

TEST(Hounsfield, KeepsAnOrdinaryPictureAsItIs) {
  const auto values = picture(24, {1064, 0, 4095});
  const auto pixels = linear(values, {.bits_stored = 12, .high_bit = 11, .slope = 1, .intercept = -1024});
  EXPECT_TRUE(std::equal(values.begin(), values.end(), pixels.pixels.begin()));
  EXPECT_EQ(pixels.slope, 1);
  EXPECT_EQ(pixels.intercept, -1024);
  EXPECT_TRUE(pixels.reasons.empty());
}

TEST(Hounsfield, UnwrapFollowsItsFormula) {
  EXPECT_EQ(io::unwrap(3096), -1000);
  EXPECT_EQ(io::unwrap(3095), 3095);
  EXPECT_EQ(io::unwrap(4095), -1);
  EXPECT_EQ(io::unwrap(0), 0);
  EXPECT_EQ(io::unwrap(40), 40);
  for (int value = 0; value < 4096; ++value) EXPECT_EQ(io::unwrap(value), (value + 1000) % 4096 - 1000);
}

TEST(Hounsfield, UnwrapsWhatHasWrapped) {
  const StoredFormat format{.bits_stored = 12, .high_bit = 11, .slope = 1, .intercept = 0};
  const auto pixels = linear(picture(3096, {40, 0, 4095, 1500, 3095}), format);
  EXPECT_TRUE(has(pixels, io::fix::unwrapped));
  EXPECT_EQ(hu(pixels, 0), -1000);
  EXPECT_EQ(hu(pixels, 9), 40);
  EXPECT_EQ(hu(pixels, 10), 0);
  EXPECT_EQ(hu(pixels, 11), -1);
  EXPECT_EQ(hu(pixels, 12), 1500);
  EXPECT_EQ(hu(pixels, 13), io::highest_hu);
}

TEST(Hounsfield, UnwrapsAirOfMinus1024WithoutTurningItIntoBone) {
  const auto pixels =
      linear(picture(3072, {3100, 40}), {.bits_stored = 12, .high_bit = 11, .slope = 1, .intercept = 0});
  EXPECT_TRUE(has(pixels, io::fix::unwrapped));
  EXPECT_EQ(hu(pixels, 0), -1024);
  EXPECT_EQ(hu(pixels, 9), -996);
  EXPECT_EQ(hu(pixels, 10), 40);
}

TEST(Hounsfield, UnwrapsOnlyByTheFullRule) {
  const auto air = picture(3096, {40});
  const StoredFormat wrapped{.bits_stored = 12, .high_bit = 11, .slope = 1, .intercept = 0};
  EXPECT_TRUE(io::is_wrapped(air, wrapped));
  auto format = wrapped;
  format.intercept.reset();
  EXPECT_FALSE(io::is_wrapped(air, format)) << "intercept missing";
  format = wrapped;
  format.intercept = -1024;
  EXPECT_FALSE(io::is_wrapped(air, format)) << "intercept -1024";
  format.intercept = -100;
  EXPECT_FALSE(io::is_wrapped(air, format)) << "intercept -100";
  format.intercept = -99;
  EXPECT_TRUE(io::is_wrapped(air, format)) << "intercept -99";
  format = wrapped;
  format.bits_stored = 16;
  EXPECT_FALSE(io::is_wrapped(air, format)) << "16 bits";
  format = wrapped;
  format.is_signed = true;
  EXPECT_FALSE(io::is_wrapped(air, format)) << "signed";
  EXPECT_FALSE(io::is_wrapped(picture(0, {3096, 3096}), wrapped)) << "the pixels do not show it";
}

TEST(Hounsfield, MissingInterceptIsZeroAndSaidSo) {
  const auto pixels = linear(picture(3096, {40}), {.bits_stored = 12, .high_bit = 11});
  EXPECT_TRUE(has(pixels, io::fix::no_rescale_intercept));
  EXPECT_TRUE(has(pixels, io::fix::no_rescale_slope));
  EXPECT_FALSE(has(pixels, io::fix::unwrapped));
  EXPECT_EQ(hu(pixels, 9), 40);
}

TEST(Hounsfield, DeclaredPaddingBecomesMinus1024) {
  const auto pixels =
      linear(picture(-1500, {40, -1000}), {.is_signed = true, .slope = 1, .intercept = 0, .padding = -1500});
  EXPECT_TRUE(has(pixels, io::fix::padding));
  EXPECT_FALSE(has(pixels, io::fix::below_air));
  EXPECT_EQ(pixels.pixels[0], -1024);
  EXPECT_EQ(pixels.pixels[9], 40);
  EXPECT_EQ(pixels.pixels[10], -1000);
}

TEST(Hounsfield, BrightPaddingBecomesMinus1024Too) {
  const auto pixels = linear(picture(63536, {1064}), {.slope = 1, .intercept = -1024, .padding = 63536});
  EXPECT_EQ(hu(pixels, 0), -1024);
  EXPECT_EQ(hu(pixels, 9), 40);
}

TEST(Hounsfield, PaddingRangeIsPaddingFromEndToEnd) {
  const auto pixels = linear(picture(-2000, {-1990, -1980, -970}),
                             {.is_signed = true, .slope = 1, .intercept = 0, .padding = -2000, .padding_limit = -1980});
  EXPECT_EQ(pixels.pixels[9], -1024);
  EXPECT_EQ(pixels.pixels[10], -1024);
  EXPECT_EQ(pixels.pixels[11], -970);
}

TEST(Hounsfield, PaddingOfATissuesValueIsBelievedOnlyInACorner) {
  const StoredFormat format{.is_signed = true, .slope = 1, .intercept = 0, .padding = 0};
  const auto inside = linear(picture(-1000, {0, 40}), format);
  EXPECT_TRUE(has(inside, io::fix::padding_kept));
  EXPECT_EQ(inside.pixels[9], 0);
  const auto corners = linear(picture(0, {-1000, 40}), format);
  EXPECT_TRUE(has(corners, io::fix::padding));
  EXPECT_EQ(corners.pixels[0], -1024);
}

TEST(Hounsfield, UndeclaredPaddingBelowAirBecomesMinus1024) {
  const auto pixels = linear(picture(-2000, {1064}), {.is_signed = true, .slope = 1, .intercept = -1024});
  EXPECT_TRUE(has(pixels, io::fix::below_air));
  EXPECT_EQ(pixels.slope * pixels.pixels[0] + pixels.intercept, -1024);
  EXPECT_EQ(hu(pixels, 9), 40);
}

TEST(Hounsfield, PaddingReachesMinus1024AfterTheClipWithAnySlope) {
  for (const double slope : {2.0002442, 0.37, 32.1216, -1.5}) {
    const auto pixels =
        linear(picture(0, {5}), {.slope = slope, .intercept = slope > 0 ? -4047.0 : 5000.0, .padding = 0});
    EXPECT_EQ(hu(pixels, 0), -1024) << slope;
    EXPECT_GT(pixels.slope * pixels.pixels[0] + pixels.intercept, -1024 - std::abs(slope) - 1e-9) << slope;
  }
}

TEST(Hounsfield, SixteenBitExtremesAreCutToTheRangeOfCt) {
  const auto pixels = linear(picture(24, {1064, 65535, 40000, 32767}), {.slope = 1, .intercept = -1024});
  EXPECT_TRUE(has(pixels, io::fix::clamped));
  EXPECT_EQ(hu(pixels, 0), -1000);
  EXPECT_EQ(hu(pixels, 9), 40);
  for (const std::size_t i : {10U, 11U, 12U}) EXPECT_EQ(hu(pixels, i), io::highest_hu);
}

TEST(Hounsfield, OffsetsBeyondSixteenSignedBitsKeepTheirHounsfieldUnits) {
  const auto pixels = linear(picture(31768, {32808, 34000}), {.slope = 1, .intercept = -32768});
  EXPECT_EQ(hu(pixels, 0), -1000);
  EXPECT_EQ(hu(pixels, 9), 40);
  EXPECT_EQ(hu(pixels, 10), 1232);
}

TEST(Hounsfield, FineSlopesThatDoNotFitAreRoundedToWholeUnits) {
  const auto pixels = linear(picture(0, {66560 / 2, 65535}), {.slope = 0.03125, .intercept = -1000});
  EXPECT_TRUE(has(pixels, io::fix::rounded));
  EXPECT_EQ(hu(pixels, 0), -1000);
  EXPECT_EQ(hu(pixels, 9), 40);
  EXPECT_EQ(hu(pixels, 10), 1048);
}

TEST(Hounsfield, Monochrome1IsInvertedWhenTheBorderIsBright) {
  const StoredFormat format{.bits_stored = 12, .high_bit = 11, .monochrome1 = true, .slope = 1, .intercept = -1024};
  const auto inverted = linear(picture(4095 - 24, {4095 - 1064}), format);
  EXPECT_TRUE(has(inverted, io::fix::monochrome1_inverted));
  EXPECT_EQ(hu(inverted, 0), -1000);
  EXPECT_EQ(hu(inverted, 9), 40);
  const auto kept = linear(picture(24, {1064}), format);
  EXPECT_TRUE(has(kept, io::fix::monochrome1_kept));
  EXPECT_EQ(hu(kept, 0), -1000);
  EXPECT_EQ(hu(kept, 9), 40);
}

TEST(Hounsfield, Monochrome1OfSignedValuesIsInvertedAroundMinusOneHalf) {
  const auto pixels =
      linear(picture(-1 - -1000, {-1 - 40}), {.is_signed = true, .monochrome1 = true, .slope = 1, .intercept = 0});
  EXPECT_EQ(hu(pixels, 0), -1000);
  EXPECT_EQ(hu(pixels, 9), 40);
}

TEST(Hounsfield, RefusesASlopeOfZero) {
  EXPECT_THROW(linear(picture(0), {.slope = 0, .intercept = 0}), nn::Error);
  EXPECT_THROW(linear(picture(0), {.slope = std::nan(""), .intercept = 0}), nn::Error);
  EXPECT_THROW(io::to_linear_pixels({1, 2, 3}, 2, 2, {}), nn::Error);
}

TEST(Hounsfield, OnePixelAndOneRowAreHandled) {
  EXPECT_EQ(io::to_linear_pixels({7}, 1, 1, {.monochrome1 = true, .intercept = 0}).pixels.size(), 1U);
  EXPECT_EQ(io::to_linear_pixels({7, 8}, 1, 2, {.monochrome1 = true, .intercept = 0}).pixels.size(), 2U);
  EXPECT_EQ(io::to_linear_pixels({7, 8}, 2, 1, {.monochrome1 = true, .intercept = 0}).pixels.size(), 2U);
}

}  // namespace
