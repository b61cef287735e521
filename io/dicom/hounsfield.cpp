#include "io/dicom/hounsfield.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <span>

#include "nn/core/error.h"

namespace io {
namespace {

constexpr int wrapped_air = 3096;           // -1000 modulo 4096
constexpr int wrapped_air_tolerance = 100;  // scanners differ in what they call air

/// Lowest plus highest storable value: v and sum - v are each other's inverse.
std::int32_t mirror_sum(const StoredFormat& format) { return format.is_signed ? -1 : (1 << format.bits_stored) - 1; }

bool is_near_wrapped_air(std::int32_t value) { return std::abs(value - wrapped_air) <= wrapped_air_tolerance; }

bool is_declared_padding(std::int32_t value, const StoredFormat& format) {
  if (!format.padding) return false;
  const int other = format.padding_limit.value_or(*format.padding);
  return std::min(*format.padding, other) <= value && value <= std::max(*format.padding, other);
}

/// The most frequent of the 12-bit values, the smallest if several are. Declared padding does not count, unless it is
/// the wrapped air itself.
std::int32_t most_frequent(const std::vector<std::int32_t>& values, const StoredFormat& format) {
  std::array<std::int64_t, 4096> count{};
  for (const std::int32_t value : values) {
    const bool ignored = is_declared_padding(value, format) && !is_near_wrapped_air(value);
    if (!ignored && value >= 0 && value < 4096) ++count[static_cast<std::size_t>(value)];
  }
  return static_cast<std::int32_t>(std::max_element(count.begin(), count.end()) - count.begin());
}

/// What happens to one stored value before the linear map, and the map.
struct ValueMap {
  bool inverted = false, wrapped = false;
  std::int32_t sum = 0;             // mirror_sum, for `inverted`
  std::int32_t lowest_wrapped = 0;  // for `wrapped`
  double slope = 1, intercept = 0;

  std::int32_t fixed(std::int32_t value) const {
    if (inverted) return sum - value;
    return wrapped ? unwrap(value, lowest_wrapped) : value;
  }
  double hu(std::int32_t fixed_value) const { return slope * fixed_value + intercept; }

  /// The value whose HU is `hu` or, where the slope does not hit it, the next one beyond: clipping gives `hu` exactly.
  std::int64_t at_or_beyond(double hu_limit, bool below) const {
    const double value = (hu_limit - intercept) / slope;
    return std::llround(below == (slope > 0) ? std::floor(value) : std::ceil(value));
  }
};

ValueMap choose_map(const std::vector<std::int32_t>& values, int rows, int columns, const StoredFormat& format,
                    std::vector<Reason>& reasons) {
  ValueMap map{.sum = mirror_sum(format), .slope = format.slope.value_or(1), .intercept = format.intercept.value_or(0)};
  if (!format.slope) reasons.push_back({fix::no_rescale_slope, "RescaleSlope is missing, taken as 1"});
  if (!format.intercept) reasons.push_back({fix::no_rescale_intercept, "RescaleIntercept is missing, taken as 0"});
  if (format.monochrome1) {
    map.inverted = is_inverted(values, rows, columns, format);
    if (map.inverted) {
      reasons.push_back({fix::monochrome1_inverted, "MONOCHROME1: values were inverted"});
    } else {
      reasons.push_back({fix::monochrome1_kept, "MONOCHROME1, but the border is dark already: values were kept"});
    }
  } else if (is_wrapped(values, format)) {
    // Air stored below -1000 HU (3072 is -1024) must not turn into the brightest bone: then the range starts at -1024.
    map.wrapped = true;
    map.lowest_wrapped = most_frequent(values, format) < wrapped_air ? -1024 : -1000;
    map.slope = 1;
    map.intercept = 0;
    reasons.push_back({fix::unwrapped, "12-bit values had wrapped around: most frequent value " +
                                           std::to_string(most_frequent(values, format)) + " is air"});
  }
  return map;
}

/// Whether declared padding is believed: it is nowhere near tissue, or it fills a corner of the picture.
bool believe_padding(const std::vector<std::int32_t>& values, int rows, int columns, const StoredFormat& format,
                     const ValueMap& map) {
  const double hu = map.hu(map.fixed(*format.padding));
  if (hu <= -900 || hu >= highest_hu) return true;
  const auto columns_count = static_cast<std::size_t>(columns);
  const std::size_t last_row = static_cast<std::size_t>(rows - 1) * columns_count;
  for (const std::size_t corner : {std::size_t{0}, columns_count - 1, last_row, last_row + columns_count - 1}) {
    if (is_declared_padding(values[corner], format)) return true;
  }
  return false;
}

/// Two numbers and all between them.
struct Range {
  std::int32_t low, high;
};

/// The fixed values whose HU are not below -1024: the map is monotonic, so they are a range.
Range not_below_air(const ValueMap& map) {
  constexpr std::int64_t lowest = std::numeric_limits<std::int32_t>::min() + 1;
  constexpr std::int64_t highest = std::numeric_limits<std::int32_t>::max();
  const auto is_below = [&](std::int64_t value) { return map.hu(static_cast<std::int32_t>(value)) < lowest_hu; };
  // Bisection by the very formula, so that no rounding of its inverse matters.
  std::int64_t below = map.slope > 0 ? lowest : highest, above = map.slope > 0 ? highest : lowest;
  if (!is_below(below)) return {lowest, highest};
  if (is_below(above)) return {1, 0};
  while (std::abs(above - below) > 1) {
    const std::int64_t middle = (above + below) / 2;
    (is_below(middle) ? below : above) = middle;
  }
  const auto edge = static_cast<std::int32_t>(above);
  return map.slope > 0 ? Range{edge, highest} : Range{lowest, edge};
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
  bool too_large = false;                  // for 16 bits: some value that is not cut

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

/// to[i] = fix(from[i]), or `mark` for what is cut; without branches, so that it runs in vector registers.
template <class To, class Fix>
void cut_values(const std::vector<std::int32_t>& from, const Fix& fix, std::int32_t mark, Cuts& cuts, To* to) {
  const Range padding = cuts.padding, scanned = cuts.scanned;
  const std::int32_t* const begin = from.data();
  std::int32_t padded = 0, below_air = 0, too_large = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::int32_t value = begin[i], fixed = fix(value);
    const std::int32_t is_padding =
        static_cast<std::int32_t>(value >= padding.low) & static_cast<std::int32_t>(value <= padding.high);
    const std::int32_t is_outside =
        static_cast<std::int32_t>(fixed < scanned.low) | static_cast<std::int32_t>(fixed > scanned.high);
    to[i] = static_cast<To>((is_padding | is_outside) != 0 ? mark : fixed);
    padded += is_padding;
    below_air += is_outside & ~is_padding;
    too_large |= static_cast<std::int32_t>(fixed != static_cast<std::int16_t>(fixed)) & ~(is_padding | is_outside);
  }
  cuts.too_large = too_large != 0;
  cuts.padded = padded;
  cuts.below_air = below_air;
}

/// The usual case in one pass: values that are right as they are and fit 16 bits. Nothing, if this is another.
std::optional<LinearPixels> take_as_they_are(const std::vector<std::int32_t>& values, const ValueMap& map, Cuts& cuts) {
  const std::int64_t air = map.at_or_beyond(lowest_hu, true);
  if (map.inverted || map.wrapped || std::abs(air) > std::numeric_limits<std::int16_t>::max()) return std::nullopt;
  LinearPixels result;
  result.pixels.resize(values.size());
  result.slope = map.slope;
  result.intercept = map.intercept;
  cut_values(
      values, [](std::int32_t value) { return value; }, static_cast<std::int32_t>(air), cuts, result.pixels.data());
  if (cuts.too_large) return std::nullopt;
  return result;
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

bool is_wrapped(const std::vector<std::int32_t>& values, const StoredFormat& format) {
  if (!format.intercept || *format.intercept <= -100 || format.bits_stored != 12 || format.is_signed) return false;
  return is_near_wrapped_air(most_frequent(values, format));
}

std::int32_t unwrap(std::int32_t value, int lowest) {
  const std::int32_t above = (value - lowest) % 4096;
  return (above < 0 ? above + 4096 : above) + lowest;
}

bool is_inverted(const std::vector<std::int32_t>& values, int rows, int columns, const StoredFormat& format) {
  std::vector<std::int32_t> border;
  for (int row = 0; row < rows; ++row) {
    const bool whole_row = row == 0 || row == rows - 1;
    for (int column = 0; column < columns; column += whole_row || columns == 1 ? 1 : columns - 1) {
      border.push_back(
          values[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)]);
    }
  }
  const auto middle = border.begin() + static_cast<std::ptrdiff_t>(border.size() / 2);
  std::nth_element(border.begin(), middle, border.end());
  const double slope = format.slope.value_or(1);
  return slope * *middle >= slope * (mirror_sum(format) - *middle);
}

LinearPixels to_linear_pixels(std::vector<std::int32_t> values, int rows, int columns, const StoredFormat& format) {
  NN_CHECK(
      rows > 0 && columns > 0 && values.size() == static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns),
      "[to_linear_pixels] expected ", rows, " x ", columns, " values, got ", values.size());
  NN_CHECK(is_usable_rescale(format.slope.value_or(1), format.intercept.value_or(0)),
           "[to_linear_pixels] expected a usable slope and intercept, got ", format.slope.value_or(1), " and ",
           format.intercept.value_or(0));
  std::vector<Reason> reasons;
  const ValueMap map = choose_map(values, rows, columns, format, reasons);
  const bool use_padding = format.padding && believe_padding(values, rows, columns, format, map);
  if (format.padding && !use_padding) {
    reasons.push_back({fix::padding_kept, "PixelPaddingValue " + std::to_string(*format.padding) +
                                              " is a tissue's value and fills no corner: not used"});
  }
  Cuts cuts{.padding = padding_range(format, use_padding), .scanned = not_below_air(map)};
  if (std::optional<LinearPixels> result = take_as_they_are(values, map, cuts)) {
    cuts.note(format, reasons);
    result->reasons = std::move(reasons);
    return std::move(*result);
  }
  cut_values(
      values, [&](std::int32_t value) { return map.fixed(value); }, nothing_scanned, cuts, values.data());
  cuts.note(format, reasons);
  return store(values, map, std::move(reasons));
}

}  // namespace io
