#include "io/dicom/pixel_data.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "io/dicom/fragments.h"
#include "io/files/atomic_file.h"
#include "io/rejected_file.h"
#include "nn/core/error.h"

namespace io {
namespace {

/// Compressed transfer syntaxes that are decoded: RLE, JPEG, JPEG-LS, JPEG 2000 (DICOM PS3.5 A.4).
constexpr std::array<std::string_view, 11> decoded_syntaxes = {syntax::rle,
                                                               "1.2.840.10008.1.2.4.50",
                                                               "1.2.840.10008.1.2.4.51",
                                                               "1.2.840.10008.1.2.4.53",
                                                               "1.2.840.10008.1.2.4.55",
                                                               "1.2.840.10008.1.2.4.57",
                                                               "1.2.840.10008.1.2.4.70",
                                                               "1.2.840.10008.1.2.4.80",
                                                               "1.2.840.10008.1.2.4.81",
                                                               syntax::jpeg2000_lossless,
                                                               syntax::jpeg2000};

[[noreturn]] void reject_file(const Dataset& dataset, const char* code, const std::string& detail) {
  throw FileRejected({dataset.path(), RejectedFile::Kind::rejected, code, detail});
}

void append(std::string& bytes, std::uint32_t value, int size, bool big_endian) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * (big_endian ? size - 1 - i : i)));
}

/// The first bytes of PixelData as they stand in the file: group, element, VR where explicit, length (PS3.5 7.1).
std::string element_beginning(const DcmXfer& syntax, const char* vr, std::uint32_t length) {
  const bool big_endian = syntax.getByteOrder() == EBO_BigEndian;
  std::string bytes;
  append(bytes, pixel_data_tag.group, 2, big_endian);
  append(bytes, pixel_data_tag.element, 2, big_endian);
  if (syntax.isExplicitVR()) bytes += std::string(vr, 2) + std::string(2, '\0');
  append(bytes, length, 4, big_endian);
  return bytes;
}

/// Pixel bytes in a file that ends too early: what follows the element's length.
std::optional<std::size_t> count_pixel_bytes(const Dataset& dataset, std::uint32_t declared_length) {
  const std::string file = read_file(dataset.path());
  const DcmXfer syntax(dataset.dcmtk().getOriginalXfer());
  for (const char* vr : {"OW", "OB"}) {
    const std::string beginning = element_beginning(syntax, vr, declared_length);
    const std::size_t at = file.find(beginning);
    if (at != std::string::npos) return file.size() - at - beginning.size();
  }
  return std::nullopt;
}

/// Uncompressed pixels: the element's length, and the file's, must hold them all.
void check_length(const Dataset& dataset, const PixelModule& module, const DcmPixelData& pixel_data,
                  std::vector<Reason>& reasons) {
  const std::size_t declared = const_cast<DcmPixelData&>(pixel_data).getLengthField();
  std::optional<std::size_t> found = declared;
  if (!dataset.read_error().empty()) found = count_pixel_bytes(dataset, static_cast<std::uint32_t>(declared));
  if (!found || *found < module.bytes()) {
    const std::string count = found ? std::to_string(*found) : "fewer";
    reject_file(dataset, reject::truncated,
                nn::message("pixel data are cut off: expected ", module.bytes(), " bytes, found ", count));
  }
  if (declared > module.bytes() + 1) {  // one byte may be padding to an even length
    reasons.push_back({fix::extra_bytes, nn::message(declared - module.bytes(), " bytes follow the pixels, ignored")});
  }
}

}  // namespace

void require_pixel_data(const Dataset& dataset) {
  if (find_pixel_data(dataset) != nullptr) return;
  if (dataset.contains({0x7fe0, 0x0008}) || dataset.contains({0x7fe0, 0x0009})) {
    reject_file(dataset, reject::unsupported_bits, "pixels are floating-point numbers");
  }
  if (!dataset.read_error().empty()) {
    reject_file(dataset, reject::unreadable, "the header cannot be read: " + dataset.read_error());
  }
  reject_file(dataset, reject::no_pixel_data, "has no pixel data");
}

void check_pixel_data(const Dataset& dataset, const PixelModule& module, std::vector<Reason>& reasons) {
  require_pixel_data(dataset);
  DcmPixelData* const pixel_data = find_pixel_data(dataset);
  if (!is_encapsulated(dataset)) {
    if (pixel_data->getLengthField() == 0) reject_file(dataset, reject::no_pixel_data, "pixel data are empty");
    if (pixel_data->getLengthField() == DCM_UndefinedLength) {
      reject_file(dataset, reject::decode_failed,
                  "pixel data cannot be decoded: transfer syntax " + printable_ascii(dataset.transfer_syntax()) +
                      " needs uncompressed pixels, but these stand in fragments as compressed ones do; correct "
                      "TransferSyntaxUID to that of the fragments, or export the slice again");
    }
    check_length(dataset, module, *pixel_data, reasons);
    return;
  }
  const std::string syntax = dataset.transfer_syntax();
  if (std::find(decoded_syntaxes.begin(), decoded_syntaxes.end(), syntax) == decoded_syntaxes.end()) {
    reject_file(dataset, reject::unsupported_syntax,
                "transfer syntax " + printable_ascii(syntax) + " is not supported");
  }
  if (!dataset.read_error().empty()) {
    reject_file(dataset, reject::truncated,
                nn::message("compressed pixel data are cut off: the file ends after ",
                            std::filesystem::file_size(dataset.path()), " bytes"));
  }
  if (find_fragments(dataset, *pixel_data) == nullptr) {
    reject_file(dataset, reject::no_pixel_data, "compressed pixel data are empty");
  }
}

bool is_compressed_syntax(std::string_view transfer_syntax) {
  return std::find(decoded_syntaxes.begin(), decoded_syntaxes.end(), transfer_syntax) != decoded_syntaxes.end();
}

bool is_lossy_syntax(std::string_view transfer_syntax) {
  constexpr std::array<std::string_view, 6> lossy = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",
                                                     "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55",
                                                     "1.2.840.10008.1.2.4.81", syntax::jpeg2000};
  return std::find(lossy.begin(), lossy.end(), transfer_syntax) != lossy.end();
}

}  // namespace io
