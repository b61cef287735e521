// JPEG 2000 pixels (transfer syntaxes 90 and 91), which DCMTK does not decode; through OpenJPEG.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace io {

struct Jpeg2000Picture {
  int rows = 0, columns = 0;
  int bits = 0;            // of the code stream; BitsStored may say otherwise
  bool is_signed = false;  // of the code stream; PixelRepresentation may say otherwise
  std::vector<std::int32_t> values;
};

/// Decodes one grey picture, a bare code stream or a .jp2 file in memory. A picture that is not rows x columns is
/// refused before memory is taken for it. Throws nn::Error with a one-line reason.
Jpeg2000Picture decode_jpeg2000(std::string_view bytes, int rows, int columns);

}  // namespace io
