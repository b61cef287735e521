// Which map a picture needs: what its header says of the values, and what its pixels show.
#include "io/dicom/value_map.h"

#include <algorithm>
#include <array>

namespace io {
namespace {

constexpr int wrapped_air = 3096;           // -1000 modulo 4096
constexpr int wrapped_air_tolerance = 100;  // scanners differ in what they call air

/// Lowest plus highest storable value: v and sum - v are each other's inverse.
std::int32_t mirror_sum(const StoredFormat& format) { return format.is_signed ? -1 : (1 << format.bits_stored) - 1; }

bool is_near_wrapped_air(std::int32_t value) { return std::abs(value - wrapped_air) <= wrapped_air_tolerance; }

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

}  // namespace

bool is_declared_padding(std::int32_t value, const StoredFormat& format) {
  if (!format.padding) return false;
  const int other = format.padding_limit.value_or(*format.padding);
  return std::min(*format.padding, other) <= value && value <= std::max(*format.padding, other);
}

bool may_be_wrapped(const StoredFormat& format) {
  return format.intercept && *format.intercept > -100 && format.bits_stored == 12 && !format.is_signed;
}

bool is_wrapped(const std::vector<std::int32_t>& values, const StoredFormat& format) {
  return may_be_wrapped(format) && is_near_wrapped_air(most_frequent(values, format));
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

}  // namespace io
