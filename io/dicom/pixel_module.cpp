// The elements that describe the pixels (DICOM PS3.3 C.7.6.3), read with care.
#include <string>

#include "io/dicom/pixel_data.h"
#include "io/rejected_file.h"
#include "nn/core/error.h"

namespace io {
namespace {

constexpr int largest_side = 4096;  // CT has 512, sometimes 1024

[[noreturn]] void reject_file(const Dataset& dataset, const char* code, const std::string& detail) {
  throw FileRejected({dataset.path(), RejectedFile::Kind::rejected, code, detail});
}

int read_side(const Dataset& dataset, Tag tag, const char* name) {
  const std::optional<int> side = dataset.integer(tag);
  if (!side) reject_file(dataset, reject::missing_element, std::string(name) + " is missing");
  if (*side < 1 || *side > largest_side) {
    reject_file(dataset, reject::bad_element, nn::message(name, " is ", *side, ", expected 1 to ", largest_side));
  }
  return *side;
}

/// The element, or the number assumed where it is missing, which is noted.
int read_or_assume(const Dataset& dataset, Tag tag, const char* name, int assumed, std::vector<Reason>& reasons) {
  const std::optional<int> value = dataset.integer(tag);
  if (value) return *value;
  reasons.push_back({fix::default_element, nn::message(name, " is missing, taken as ", assumed)});
  return assumed;
}

/// PixelPaddingValue has the VR US or SS as writers please; PixelRepresentation says which it is.
std::optional<int> read_padding(const Dataset& dataset, Tag tag, bool is_signed) {
  const std::optional<int> value = dataset.integer(tag);
  if (!value || *value < -32768 || *value > 65535) return std::nullopt;
  return is_signed ? static_cast<int>(static_cast<std::int16_t>(*value))
                   : static_cast<int>(static_cast<std::uint16_t>(*value));
}

StoredFormat read_format(const Dataset& dataset, int bits_allocated, std::vector<Reason>& reasons) {
  StoredFormat format;
  format.bits_stored = read_or_assume(dataset, {0x0028, 0x0101}, "BitsStored", bits_allocated, reasons);
  format.high_bit = dataset.integer({0x0028, 0x0102}).value_or(format.bits_stored - 1);
  const int representation = read_or_assume(dataset, {0x0028, 0x0103}, "PixelRepresentation", 0, reasons);
  if (format.bits_stored < 1 || format.bits_stored > bits_allocated || format.high_bit < format.bits_stored - 1 ||
      format.high_bit >= bits_allocated || representation < 0 || representation > 1) {
    reject_file(dataset, reject::bad_element,
                nn::message("BitsAllocated ", bits_allocated, ", BitsStored ", format.bits_stored, ", HighBit ",
                            format.high_bit, ", PixelRepresentation ", representation, " do not fit together"));
  }
  format.is_signed = representation == 1;

  const std::string photometric = dataset.text({0x0028, 0x0004});
  if (photometric.empty()) {
    reasons.push_back({fix::default_element, "PhotometricInterpretation is missing, taken as MONOCHROME2"});
  } else if (photometric != "MONOCHROME1" && photometric != "MONOCHROME2") {
    reject_file(dataset, reject::bad_element, "PhotometricInterpretation is " + printable_ascii(photometric));
  }
  format.monochrome1 = photometric == "MONOCHROME1";
  return format;
}

}  // namespace

PixelModule read_pixel_module(const Dataset& dataset, std::vector<Reason>& reasons) {
  PixelModule module;
  module.rows = read_side(dataset, {0x0028, 0x0010}, "Rows");
  module.columns = read_side(dataset, {0x0028, 0x0011}, "Columns");

  const std::optional<int> bits_allocated = dataset.integer({0x0028, 0x0100});
  if (!bits_allocated) reject_file(dataset, reject::missing_element, "BitsAllocated is missing");
  if (*bits_allocated != 8 && *bits_allocated != 16) {
    reject_file(dataset, reject::unsupported_bits,
                nn::message("BitsAllocated is ", *bits_allocated, ", expected 8 or 16"));
  }
  module.bits_allocated = *bits_allocated;
  module.format = read_format(dataset, *bits_allocated, reasons);

  StoredFormat& format = module.format;
  format.slope = dataset.number({0x0028, 0x1053});
  format.intercept = dataset.number({0x0028, 0x1052});
  if (!is_usable_rescale(format.slope.value_or(1), format.intercept.value_or(0))) {
    reject_file(dataset, reject::bad_element,
                nn::message("RescaleSlope ", format.slope.value_or(1), ", RescaleIntercept ",
                            format.intercept.value_or(0), " make no Hounsfield units"));
  }
  format.padding = read_padding(dataset, {0x0028, 0x0120}, format.is_signed);
  format.padding_limit = read_padding(dataset, {0x0028, 0x0121}, format.is_signed);
  return module;
}

}  // namespace io
