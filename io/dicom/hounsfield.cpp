#include "io/dicom/hounsfield.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <span>

#include "io/dicom/value_map.h"
#include "nn/core/error.h"

namespace io {
namespace {

/// The numbers in the four corners of a picture.
template <class Number>
std::array<std::int32_t, 4> corners(const std::vector<Number>& values, int columns) {
  const std::size_t last_of_row = static_cast<std::size_t>(columns) - 1,
                    first_of_last = values.size() - 1 - last_of_row;
  return {values.front(), values[last_of_row], values[first_of_last], values.back()};
}

/// Whether declared padding is believed: it is nowhere near tissue, or it fills a corner of the picture.
bool believe_padding(const std::array<std::int32_t, 4>& corners, const StoredFormat& format, const ValueMap& map) {
  const double hu = map.hu(map.fixed(*format.padding));
  if (hu <= -900 || hu >= highest_hu) return true;
  return std::any_of(corners.begin(), corners.end(),
                     [&](std::int32_t value) { return is_declared_padding(value, format); });
}

/// Declared padding; no value, unless it is to be used.
Range padding_range(const StoredFormat& format, bool use_padding) {
  if (!use_padding) return {1, 0};
  const int other = format.padding_limit.value_or(*format.padding);
  return {std::min(*format.padding, other), std::max(*format.padding, other)};
}

/// Marks what is to become -1024 HU.
constexpr std::int32_t nothing_scanned = std::numeric_limits<std::int32_t>::min();

/// What becomes -1024 HU, in stored and in fixed values.
struct Cuts {
  Range padding, scanned;
  std::int32_t padded = 0, below_air = 0;  // counted

  void note(const StoredFormat& format, std::vector<Reason>& reasons) const {
    if (padded > 0) {
      reasons.push_back({fix::padding, std::to_string(padded) + " pixels of PixelPaddingValue " +
                                           std::to_string(*format.padding) + " became -1024 HU"});
    }
    if (below_air > 0) {
      reasons.push_back({fix::below_air, std::to_string(below_air) + " pixels below -1024 HU became -1024 HU"});
    }
  }
};

Cuts choose_cuts(const std::array<std::int32_t, 4>& corners, const StoredFormat& format, const ValueMap& map,
                 std::vector<Reason>& reasons) {
  const bool use_padding = format.padding && believe_padding(corners, format, map);
  if (format.padding && !use_padding) {
    reasons.push_back({fix::padding_kept, "PixelPaddingValue " + std::to_string(*format.padding) +
                                              " is a tissue's value and fills no corner: not used"});
  }
  return {.padding = padding_range(format, use_padding), .scanned = not_below_air(map)};
}

/// Every value fixed, or `mark` if it is cut, in place; without branches, so that it runs in vector registers. Counts
/// in the numbers' own type, block by block, for the same reason.
template <class Number, class Fix>
void cut_values(std::vector<Number>& values, const Fix& fix, Number mark, Cuts& cuts) {
  constexpr std::size_t block = 16384;  // counts fit 16 bits
  const auto padding_low = static_cast<Number>(cuts.padding.low), padding_high = static_cast<Number>(cuts.padding.high);
  const auto low = static_cast<Number>(cuts.scanned.low), high = static_cast<Number>(cuts.scanned.high);
  for (std::size_t begin = 0; begin < values.size(); begin += block) {
    Number* const some = values.data() + begin;
    const std::size_t count = std::min(block, values.size() - begin);
    Number padded = 0, below_air = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Number value = some[i], fixed = fix(value);
      const auto is_padding =
          static_cast<Number>(static_cast<Number>(value >= padding_low) & static_cast<Number>(value <= padding_high));
      const auto is_outside = static_cast<Number>(static_cast<Number>(fixed < low) | static_cast<Number>(fixed > high));
      some[i] = static_cast<Number>(is_padding | is_outside) != 0 ? mark : fixed;
      padded = static_cast<Number>(padded + is_padding);
      below_air = static_cast<Number>(below_air + (is_outside & ~is_padding));
    }
    cuts.padded += padded;
    cuts.below_air += below_air;
  }
}

/// The part of `range` in which there are numbers at all.
Range within(const Range& range, const Range& seen) {
  const Range both{std::max(range.low, seen.low), std::min(range.high, seen.high)};
  return both.low <= both.high ? both : Range{1, 0};
}

Range seen_in(const std::vector<std::int16_t>& words) {
  std::int16_t low = words.front(), high = words.front();
  for (const std::int16_t word : words) {
    low = std::min(low, word);
    high = std::max(high, word);
  }
  return {low, high};
}

/// The usual case, in place: numbers that are right as they are and fit 16 signed bits. Nothing, and `words` as they
/// were, if this is another.
std::optional<LinearPixels> take_as_they_are(std::vector<std::int16_t>& words, int columns,
                                             const StoredFormat& format) {
  if (format.monochrome1 || may_be_wrapped(format)) return std::nullopt;
  const Range seen = seen_in(words);
  if (!format.is_signed && seen.low < 0) return std::nullopt;  // numbers above 32767
  LinearPixels result;
  const ValueMap map = choose_map({}, 0, 0, format, result.reasons);
  const std::int64_t air = map.at_or_beyond(lowest_hu, true);
  if (std::abs(air) > std::numeric_limits<std::int16_t>::max()) return std::nullopt;
  Cuts cuts = choose_cuts(corners(words, columns), format, map, result.reasons);
  cuts.padding = within(cuts.padding, seen);
  cuts.scanned = within(cuts.scanned, seen);
  const bool cuts_nothing =
      cuts.padding.low > cuts.padding.high && cuts.scanned.low == seen.low && cuts.scanned.high == seen.high;
  if (!cuts_nothing) {
    cut_values(
        words, [](std::int16_t word) { return word; }, static_cast<std::int16_t>(air), cuts);
    cuts.note(format, result.reasons);
  }
  result.slope = map.slope;
  result.intercept = map.intercept;
  result.pixels = std::move(words);
  return result;
}

void check_arguments(std::size_t count, int rows, int columns, const StoredFormat& format) {
  NN_CHECK(rows > 0 && columns > 0 && count == static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns),
           "[to_linear_pixels] expected ", rows, " x ", columns, " values, got ", count);
  NN_CHECK(is_usable_rescale(format.slope.value_or(1), format.intercept.value_or(0)),
           "[to_linear_pixels] expected a usable slope and intercept, got ", format.slope.value_or(1), " and ",
           format.intercept.value_or(0));
}

/// Chooses the 16-bit numbers: the values as they are if they fit, else cut to the range of CT, else whole HU.
LinearPixels store(const std::vector<std::int32_t>& fixed, const ValueMap& map, std::vector<Reason> reasons) {
  constexpr std::int64_t smallest = std::numeric_limits<std::int16_t>::min();
  constexpr std::int64_t largest = std::numeric_limits<std::int16_t>::max();
  const auto fits = [](std::int64_t low, std::int64_t high) { return smallest <= low && high <= largest; };
  const std::int64_t air = map.at_or_beyond(lowest_hu, true), bone = map.at_or_beyond(highest_hu, false);

  std::int32_t marks = 0, too_large = 0;  // flags
  for (const std::int32_t value : fixed) {
    const std::int32_t is_mark = static_cast<std::int32_t>(value == nothing_scanned);
    marks |= is_mark;
    too_large |= static_cast<std::int32_t>(value != static_cast<std::int16_t>(value)) & ~is_mark;
  }

  std::int64_t low = smallest, high = largest;
  bool whole_hu = false;
  if (too_large != 0 || (marks != 0 && !fits(air, air))) {
    low = std::min(air, bone);
    high = std::max(air, bone);
    whole_hu = !fits(low, high);
    reasons.push_back(whole_hu ? Reason{fix::rounded, "values do not fit 16 signed bits: stored as whole HU"}
                               : Reason{fix::clamped, "values beyond 16 signed bits were cut to the range of CT"});
  }

  LinearPixels result;
  result.slope = whole_hu ? 1 : map.slope;
  result.intercept = whole_hu ? 0 : map.intercept;
  result.reasons = std::move(reasons);
  result.pixels.resize(fixed.size());
  if (whole_hu) {
    std::transform(fixed.begin(), fixed.end(), result.pixels.begin(), [&](std::int32_t value) {
      const std::int64_t number = value == nothing_scanned ? air : std::clamp<std::int64_t>(value, low, high);
      const double hu = map.slope * static_cast<double>(number) + map.intercept;
      return static_cast<std::int16_t>(std::llround(std::clamp(hu, lowest_hu, highest_hu)));
    });
  } else {  // all of these fit, -1024 HU if it is needed
    const auto mark = static_cast<std::int32_t>(marks != 0 ? air : 0);
    const auto least = static_cast<std::int32_t>(low), most = static_cast<std::int32_t>(high);
    const std::int32_t* const from = fixed.data();
    std::int16_t* const to = result.pixels.data();
    for (std::size_t i = 0; i < fixed.size(); ++i) {
      const std::int32_t raised = from[i] < least ? least : from[i];
      const std::int32_t cut = raised > most ? most : raised;
      to[i] = static_cast<std::int16_t>(from[i] == nothing_scanned ? mark : cut);
    }
  }
  return result;
}

}  // namespace

bool is_usable_rescale(double slope, double intercept) {
  return std::abs(slope) >= 1e-6 && std::abs(slope) <= 1e6 && std::abs(intercept) <= 1e9;
}

void cells_to_words(std::span<std::int16_t> cells, const StoredFormat& format) {
  const int up = 15 - format.high_bit, down = 16 - format.bits_stored;
  if (down == 0) return;
  if (format.is_signed) {
    for (std::int16_t& cell : cells) cell = static_cast<std::int16_t>(static_cast<std::int16_t>(cell << up) >> down);
  } else {
    for (std::int16_t& cell : cells) cell = static_cast<std::int16_t>(static_cast<std::uint16_t>(cell << up) >> down);
  }
}

LinearPixels to_linear_pixels(std::vector<std::int32_t> values, int rows, int columns, const StoredFormat& format) {
  check_arguments(values.size(), rows, columns, format);
  std::vector<Reason> reasons;
  const ValueMap map = choose_map(values, rows, columns, format, reasons);
  Cuts cuts = choose_cuts(corners(values, columns), format, map, reasons);
  cut_values(
      values, [&](std::int32_t value) { return map.fixed(value); }, nothing_scanned, cuts);
  cuts.note(format, reasons);
  return store(values, map, std::move(reasons));
}

LinearPixels words_to_linear_pixels(std::vector<std::int16_t> words, int rows, int columns,
                                    const StoredFormat& format) {
  check_arguments(words.size(), rows, columns, format);
  if (std::optional<LinearPixels> result = take_as_they_are(words, columns, format)) return std::move(*result);
  std::vector<std::int32_t> values(words.size());
  std::transform(words.begin(), words.end(), values.begin(), [&](std::int16_t word) {
    return format.is_signed ? std::int32_t{word} : std::int32_t{static_cast<std::uint16_t>(word)};
  });
  return to_linear_pixels(std::move(values), rows, columns, format);
}

}  // namespace io
