// The header habits of the challenge's files: how numbers are written and how pixels are stored. A patient's site has
// one style; it is drawn before, and knows nothing of, what is in the head.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/phantom/scan.h"

namespace io::phantom {

struct HeaderStyle {
  int bits_stored = 16;
  bool is_signed = true;
  bool wrapped = false;  // 12 bits unsigned, negative HU wrapped around: stored = HU mod 4096
  int intercept = -1024;
  bool six_decimals = false;  // "-1024.000000" and "1.000000\0.000000" instead of "-1024" and "1\0"
  std::string window_centre = "40", window_width = "80";  // may be two, zero-padded: "00040\00040"
};

HeaderStyle draw_header_style(std::uint64_t seed, std::uint64_t patient);

/// A number in that style: 107.5 as "107.5" or "107.500000".
std::string decimal_string(double value, const HeaderStyle& style);

/// 16-bit words as they stand in the file. With `padded`, pixels outside of the scanned circle hold -2000, which only
/// 16 signed bits can. HU beyond what the style can store are cut.
std::vector<std::uint16_t> stored_pixels(const std::vector<std::int16_t>& hu, int size, const HeaderStyle& style,
                                         bool padded);

}  // namespace io::phantom
