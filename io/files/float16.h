// IEEE 754 binary16 ("half"): 1 sign, 5 exponent and 10 mantissa bits. Many weight files hold it; nothing here computes
// with it.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace io {

struct Float16 {
  std::uint16_t bits = 0;

  /// (-1)^sign * 1.mantissa * 2^(exponent - 15); below the smallest exponent 0.mantissa * 2^-14. Exact.
  explicit operator float() const {
    const int exponent = (bits >> 10) & 0x1f, mantissa = bits & 0x3ff;
    float value = 0;
    if (exponent == 0x1f) {
      value = mantissa == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
    } else if (exponent == 0) {
      value = std::ldexp(static_cast<float>(mantissa), -24);
    } else {
      value = std::ldexp(static_cast<float>(0x400 | mantissa), exponent - 25);
    }
    return (bits & 0x8000) != 0 ? -value : value;
  }
};

}  // namespace io
