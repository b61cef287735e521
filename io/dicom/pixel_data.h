// The pixel module of a DICOM file: how its pixels are stored, and the stored values, decompressed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/dicom/dataset.h"
#include "io/dicom/hounsfield.h"

namespace io {

/// Transfer syntaxes that are decoded without DCMTK (DICOM PS3.5 A.4).
namespace syntax {
inline constexpr const char* rle = "1.2.840.10008.1.2.5";
inline constexpr const char* jpeg2000_lossless = "1.2.840.10008.1.2.4.90";
inline constexpr const char* jpeg2000 = "1.2.840.10008.1.2.4.91";
}  // namespace syntax

struct PixelModule {
  int rows = 0, columns = 0;
  int bits_allocated = 16;  // 8 or 16
  StoredFormat format;

  std::size_t pixels() const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns); }
  std::size_t bytes() const { return pixels() * static_cast<std::size_t>(bits_allocated / 8); }
};

/// Reads and checks the elements that describe the pixels; what is missing and can be assumed is added to `reasons`.
/// Throws FileRejected: missing_element, bad_element, unsupported_bits.
PixelModule read_pixel_module(const Dataset& dataset, std::vector<Reason>& reasons);

/// Throws FileRejected unless there are pixels of whole numbers: no_pixel_data, unsupported_bits, or unreadable if the
/// file breaks off before them.
void require_pixel_data(const Dataset& dataset);

/// Checks, without decoding, that the pixels are as many as the module says. Throws FileRejected: no_pixel_data,
/// truncated, unsupported_syntax.
void check_pixel_data(const Dataset& dataset, const PixelModule& module, std::vector<Reason>& reasons);

/// The stored values, row after row, as words of 16 bits: in two's complement if they are signed. Throws FileRejected:
/// decode_failed.
std::vector<std::int16_t> read_stored_words(const Dataset& dataset, const PixelModule& module);

/// Whether pixels of a transfer syntax need decompressing.
bool is_compressed_syntax(std::string_view transfer_syntax);
/// Whether a transfer syntax may lose information.
bool is_lossy_syntax(std::string_view transfer_syntax);

}  // namespace io
