// Pixels of every transfer syntax as stored values of 16 bits.
#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <new>

#include "io/dicom/fragments.h"
#include "io/dicom/jpeg2000.h"
#include "io/dicom/jpeg_warnings.h"
#include "io/dicom/pixel_data.h"
#include "io/dicom/rle.h"
#include "io/rejected_file.h"
#include "nn/core/error.h"

namespace io {
namespace {

/// Uncompressed cells that stand in the file as they do in memory: read straight to where they stay.
bool is_plain(const Dataset& dataset, const PixelModule& module) {
  const E_TransferSyntax syntax = dataset.dcmtk().getOriginalXfer();
  const bool little = syntax == EXS_LittleEndianExplicit || syntax == EXS_LittleEndianImplicit;
  return little && gLocalByteOrder == EBO_LittleEndian && module.bits_allocated == 16 && dataset.read_error().empty();
}

std::vector<std::int16_t> read_plain(const PixelModule& module, DcmPixelData& pixel_data) {
  std::vector<std::int16_t> cells(module.pixels());
  const OFCondition read = pixel_data.getPartialValue(cells.data(), 0, static_cast<Uint32>(module.bytes()));
  NN_CHECK(read.good(), "expected ", module.bytes(), " uncompressed bytes, they cannot be read: ", read.text());
  return cells;
}

template <class Cell>
std::vector<std::int16_t> copy_cells(const Cell* cells, unsigned long count, const PixelModule& module) {
  NN_CHECK(cells != nullptr && count >= module.pixels(), "expected ", module.pixels(), " pixels, decoded ", count);
  return {cells, cells + module.pixels()};
}

/// DCMTK decodes into cells of 8 or 16 bits. A stream with a part missing is an error, not a picture with a grey part.
std::vector<std::int16_t> decode_with_dcmtk(const Dataset& dataset, const PixelModule& module) {
  DcmDataset& elements = dataset.dcmtk();
  const JpegWarnings warnings;
  const OFCondition decoded = elements.chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
  NN_CHECK(decoded.good(), decoded.text());
  NN_CHECK(warnings.first().empty(), warnings.first());
  unsigned long count = 0;
  if (module.bits_allocated == 8) {
    const Uint8* cells = nullptr;
    elements.findAndGetUint8Array(DCM_PixelData, cells, &count);
    return copy_cells(cells, count, module);
  }
  const Uint16* cells = nullptr;
  elements.findAndGetUint16Array(DCM_PixelData, cells, &count);
  return copy_cells(cells, count, module);
}

/// The header's sign counts: streams exist that say unsigned for signed pixels. Their own bits are right.
std::vector<std::int16_t> decode_as_jpeg2000(std::string_view stream, const PixelModule& module) {
  const Jpeg2000Picture picture = decode_jpeg2000(stream, module.rows, module.columns);
  std::vector<std::int16_t> words(picture.values.size());
  std::transform(picture.values.begin(), picture.values.end(), words.begin(),
                 [](std::int32_t value) { return static_cast<std::int16_t>(value); });
  const int bits = std::min(picture.bits, module.bits_allocated);
  cells_to_words(words, {.bits_stored = bits, .high_bit = bits - 1, .is_signed = module.format.is_signed});
  return words;
}

std::vector<std::int16_t> decode(const Dataset& dataset, const PixelModule& module) {
  DcmPixelData* const pixel_data = find_pixel_data(dataset);
  NN_CHECK(pixel_data != nullptr, "there are none");
  const std::string transfer_syntax = dataset.transfer_syntax();
  std::string joined;
  if (transfer_syntax == syntax::jpeg2000 || transfer_syntax == syntax::jpeg2000_lossless) {
    return decode_as_jpeg2000(fragment_bytes(dataset, *pixel_data, joined), module);
  }
  std::vector<std::int16_t> cells;
  if (transfer_syntax == syntax::rle) {
    cells = decode_rle(fragment_bytes(dataset, *pixel_data, joined), module.pixels(), module.bits_allocated);
  } else if (is_plain(dataset, module)) {
    cells = read_plain(module, *pixel_data);
  } else {
    cells = decode_with_dcmtk(dataset, module);
  }
  cells_to_words(cells, module.format);
  return cells;
}

}  // namespace

std::vector<std::int16_t> read_stored_words(const Dataset& dataset, const PixelModule& module) {
  const auto fail = [&](const std::string& why) {
    throw FileRejected(
        {dataset.path(), RejectedFile::Kind::rejected, reject::decode_failed, "pixel data cannot be decoded: " + why});
  };
  try {
    return decode(dataset, module);
  } catch (const nn::Error& error) {
    fail(error.what());
  } catch (const std::bad_alloc&) {
    fail("out of memory");
  }
  return {};
}

}  // namespace io
