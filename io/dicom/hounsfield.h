// From stored numbers to Hounsfield units: which fixes a file needs. Pure functions on numbers, no DICOM library.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/dicom/reason.h"

namespace io {

/// Downstream clips to this range; air is -1000 and nothing in a head is above it.
inline constexpr double lowest_hu = -1024, highest_hu = 3071;

/// What the header says of the stored values (DICOM PS3.3 C.7.6.3.1, C.7.5.1.1.2 and C.11.1.1).
struct StoredFormat {
  int bits_stored = 16;
  int high_bit = 15;
  bool is_signed = false;                 // PixelRepresentation 1
  bool monochrome1 = false;               // the lowest value is shown white
  std::optional<double> slope = {};       // RescaleSlope; 1 if missing
  std::optional<double> intercept = {};   // RescaleIntercept; 0 if missing
  std::optional<int> padding = {};        // PixelPaddingValue, sign already right
  std::optional<int> padding_limit = {};  // PixelPaddingRangeLimit: every value between the two is padding
};

/// A slope that is not 0 (or absurd), and finite numbers.
bool is_usable_rescale(double slope, double intercept);

/// The number in a pixel cell of 8 or 16 bits: bits above `high_bit` (old overlays) cut off, the sign extended.
inline std::int32_t stored_value(std::uint16_t cell, const StoredFormat& format) {
  const int shift = format.high_bit + 1 - format.bits_stored;
  const std::int32_t range = 1 << format.bits_stored;
  const std::int32_t value = (cell >> shift) & (range - 1);
  return format.is_signed && value >= range / 2 ? value - range : value;
}

/// The same for many cells, in place: words of 16 bits, in two's complement if the values are signed.
void cells_to_words(std::span<std::int16_t> cells, const StoredFormat& format);

/// True if values of 12 bits have wrapped around: RescaleIntercept is present and above -100, BitsStored 12, unsigned,
/// and the pixels show it: the most frequent value is near 3096, which is the air's -1000 modulo 4096.
bool is_wrapped(const std::vector<std::int32_t>& values, const StoredFormat& format);

/// HU = ((value + 1000) mod 4096) - 1000.
std::int32_t unwrap(std::int32_t value, int lowest = -1000);

/// MONOCHROME1 says nothing about Hounsfield units by the standard, yet files exist whose numbers are inverted too. The
/// border of a CT picture is dark: inverted if the border's median is not darker as it is stored.
bool is_inverted(const std::vector<std::int32_t>& values, int rows, int columns, const StoredFormat& format);

/// Pixels as one linear map, HU = slope * value + intercept, and what was done to get there.
struct LinearPixels {
  std::vector<std::int16_t> pixels;
  double slope = 1, intercept = 0;
  std::vector<Reason> reasons;
};

/// Every fix, in this order: declared padding is set aside, MONOCHROME1 inverted, wrapped values unwrapped; then
/// padding and whatever is below -1024 HU becomes -1024 HU (or the next value below it), and values that 16 signed bits
/// do not hold are cut to the range of CT. `values` holds rows * columns stored values, row after row.
LinearPixels to_linear_pixels(std::vector<std::int32_t> values, int rows, int columns, const StoredFormat& format);

/// The same for the words that `cells_to_words` makes. The usual picture, whose numbers are right as they are, is
/// looked at once and, if something is to be cut, written once; it stays in its memory.
LinearPixels words_to_linear_pixels(std::vector<std::int16_t> words, int rows, int columns, const StoredFormat& format);

}  // namespace io
