#include "tests/io/dicom/dicom_file.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpls/djencode.h>

#include <fstream>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include "io/dicom/dcmtk_setup.h"
#include "tests/io/dicom/jpeg2000_encoder.h"

namespace test {
namespace {

void check(const OFCondition& condition, const std::string& what) {
  if (condition.bad()) throw std::runtime_error(what + ": " + condition.text());
}

void prepare_encoders() {
  static const bool prepared = [] {
    io::prepare_dcmtk();
    DcmRLEEncoderRegistration::registerCodecs();
    DJEncoderRegistration::registerCodecs();
    DJLSEncoderRegistration::registerCodecs();
    return true;
  }();
  static_cast<void>(prepared);
}

/// A complete header of an axial CT slice.
std::map<std::pair<int, int>, std::string> default_elements(const DicomFile& file) {
  return {{{0x0008, 0x0008}, "ORIGINAL\\PRIMARY\\AXIAL"},
          {{0x0008, 0x0016}, "1.2.840.10008.5.1.4.1.1.2"},
          {{0x0008, 0x0018}, "1.2.3.4.5"},
          {{0x0008, 0x0060}, "CT"},
          {{0x0010, 0x0020}, "PATIENT"},
          {{0x0018, 0x0050}, "5"},
          {{0x0020, 0x000d}, "1.2.3"},
          {{0x0020, 0x000e}, "1.2.3.4"},
          {{0x0020, 0x0012}, "1"},
          {{0x0020, 0x0013}, "1"},
          {{0x0020, 0x0032}, "-100\\-120\\30"},
          {{0x0020, 0x0037}, "1\\0\\0\\0\\1\\0"},
          {{0x0028, 0x0002}, "1"},
          {{0x0028, 0x0004}, "MONOCHROME2"},
          {{0x0028, 0x0010}, std::to_string(file.rows)},
          {{0x0028, 0x0011}, std::to_string(file.columns)},
          {{0x0028, 0x0030}, "0.5\\0.4"},
          {{0x0028, 0x0100}, std::to_string(file.bits_allocated)},
          {{0x0028, 0x0101}, std::to_string(file.bits_stored)},
          {{0x0028, 0x0102}, std::to_string(file.bits_stored - 1)},
          {{0x0028, 0x0103}, file.is_signed ? "1" : "0"},
          {{0x0028, 0x1050}, "40"},
          {{0x0028, 0x1051}, "80"},
          {{0x0028, 0x1052}, "-1024"},
          {{0x0028, 0x1053}, "1"}};
}

DcmTag dicom_tag(std::pair<int, int> tag) {
  DcmTag result(static_cast<Uint16>(tag.first), static_cast<Uint16>(tag.second));
  if (result.getEVR() == EVR_xs) result.setVR(DcmVR(EVR_US));  // unsigned or signed, as the writer pleases
  return result;
}

void put_pixels(DcmDataset& dataset, const DicomFile& file, const std::vector<int>& values) {
  if (file.bits_allocated == 8) {
    const std::vector<Uint8> bytes(values.begin(), values.end());
    check(dataset.putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size()), "pixels");
  } else {
    std::vector<Uint16> words;
    const bool fits = file.bits_stored == 16 || file.transfer_syntax == "1.2.840.10008.1.2.1";
    const int mask = fits ? 0xFFFF : (1 << file.bits_stored) - 1;  // encoders want no bits above BitsStored
    for (const int value : values) words.push_back(static_cast<Uint16>(value & mask));
    check(dataset.putAndInsertUint16Array(DCM_PixelData, words.data(), words.size()), "pixels");
  }
}

/// DCMTK has no encoder: the code stream is put into the file as it is, in two fragments.
void put_jpeg2000(DcmDataset& dataset, const DicomFile& file, const std::vector<int>& values) {
  std::string stream = encode_jpeg2000({.rows = file.rows,
                                        .columns = file.columns,
                                        .bits = file.bits_stored,
                                        .is_signed = file.is_signed,
                                        .values = values});
  if (stream.size() % 2 != 0) stream += '\0';
  const std::size_t half = stream.size() / 4 * 2;
  auto* fragments = new DcmPixelSequence(DcmTag(DCM_PixelData, EVR_OB));
  for (const std::string& part : {std::string(), stream.substr(0, half), stream.substr(half)}) {
    auto* item = new DcmPixelItem(DcmTag(DCM_Item, EVR_OB));
    item->putUint8Array(reinterpret_cast<const Uint8*>(part.data()), static_cast<unsigned long>(part.size()));
    fragments->insert(item);
  }
  auto* pixel_data = new DcmPixelData(DcmTag(DCM_PixelData, EVR_OB));
  pixel_data->putOriginalRepresentation(EXS_JPEG2000LosslessOnly, nullptr, fragments);
  check(dataset.insert(pixel_data, OFTrue), "pixels");
}

}  // namespace

std::vector<int> counting(int count) {
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

void write_dicom(const std::filesystem::path& path, const DicomFile& file) {
  prepare_encoders();
  const std::vector<int> values = file.values.empty() ? counting(file.rows * file.columns) : file.values;
  DcmFileFormat dicom;
  DcmDataset& dataset = *dicom.getDataset();
  auto elements = default_elements(file);
  for (const auto& [tag, value] : file.elements) elements[tag] = value;
  for (const auto& tag : file.without) elements.erase(tag);
  for (const auto& [tag, value] : elements) {
    check(dataset.putAndInsertString(dicom_tag(tag), value.c_str()), "element");
  }
  const E_TransferSyntax syntax = DcmXfer(file.transfer_syntax.c_str()).getXfer();
  const bool has_pixels =
      std::find(file.without.begin(), file.without.end(), std::pair(0x7fe0, 0x0010)) == file.without.end();
  if (has_pixels && syntax == EXS_JPEG2000LosslessOnly) {
    put_jpeg2000(dataset, file, values);
  } else if (has_pixels) {
    put_pixels(dataset, file, values);
    check(dataset.chooseRepresentation(syntax, nullptr), "encoding");
  }
  check(dicom.saveFile(path.c_str(), syntax), path.string());
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_contents(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

void write_beginning(const std::filesystem::path& from, const std::filesystem::path& to, std::size_t bytes) {
  write_contents(to, contents(from).substr(0, bytes));
}

}  // namespace test
