// RLE pixels (transfer syntax 1.2.840.10008.1.2.5): DICOM PS3.5 Annex G, in a few lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace io {

/// The cells of one grey picture of `pixels` pixels, 8 or 16 bits each. Throws nn::Error with a one-line reason, also
/// if pixels are missing; more than there are pixels is ignored.
std::vector<std::int16_t> decode_rle(std::string_view frame, std::size_t pixels, int bits_allocated);

}  // namespace io
