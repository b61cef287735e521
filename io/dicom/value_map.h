// What happens to one stored value before it is a linear map from Hounsfield units, that map, and which a picture
// needs. Of hounsfield.cpp.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "io/dicom/hounsfield.h"

namespace io {

/// Two numbers and all between them; none if low > high.
struct Range {
  std::int32_t low, high;
};

struct ValueMap {
  bool inverted = false, wrapped = false;
  std::int32_t sum = 0;             // lowest plus highest storable value, for `inverted`
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

/// Between PixelPaddingValue and PixelPaddingRangeLimit.
bool is_declared_padding(std::int32_t value, const StoredFormat& format);

/// What the header says of wrapped values; the pixels decide.
bool may_be_wrapped(const StoredFormat& format);

/// Looks at the values of MONOCHROME1, and of what may be wrapped; tells in `reasons` what it found.
ValueMap choose_map(const std::vector<std::int32_t>& values, int rows, int columns, const StoredFormat& format,
                    std::vector<Reason>& reasons);

/// The fixed values whose HU are not below -1024: the map is monotonic, so they are a range.
inline Range not_below_air(const ValueMap& map) {
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
  return map.slope > 0 ? Range{edge, static_cast<std::int32_t>(highest)}
                       : Range{static_cast<std::int32_t>(lowest), edge};
}

}  // namespace io
