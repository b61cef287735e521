#include "io/phantom/dicom_writer.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmdata/dcwcache.h>
#include <fmt/core.h>

#include "io/dicom/dcmtk_setup.h"
#include "io/files/atomic_file.h"
#include "nn/core/error.h"

namespace io::phantom {
namespace {

/// Inserts and checks.
class Elements {
 public:
  Elements(DcmItem& item, const std::string& file) : item_(item), file_(file) {}

  void text(const DcmTagKey& tag, const std::string& value) {
    check(item_.putAndInsertString(DcmTag(tag), value.c_str()), tag);
  }
  void number(const DcmTagKey& tag, int value) {
    check(item_.putAndInsertUint16(DcmTag(tag), static_cast<Uint16>(value)), tag);
  }
  void bytes(const DcmTagKey& tag, const std::vector<Uint8>& value) {
    check(item_.putAndInsertUint8Array(DcmTag(tag), value.data(), value.size()), tag);
  }
  void words(const DcmTagKey& tag, const std::vector<std::uint16_t>& value) {
    check(item_.putAndInsertUint16Array(DcmTag(tag, EVR_OW), value.data(), value.size()), tag);
  }

 private:
  void check(const OFCondition& status, const DcmTagKey& tag) const {
    NN_CHECK(status.good(), "cannot write ", file_, ": element ", tag.toString().c_str(), ": ", status.text());
  }
  DcmItem& item_;
  const std::string& file_;
};

void write_meta(DcmMetaInfo& meta, const DicomImage& image, const std::string& file) {
  Elements elements(meta, file);
  elements.bytes(DCM_FileMetaInformationVersion, {0, 1});
  elements.text(DCM_MediaStorageSOPClassUID, UID_CTImageStorage);
  elements.text(DCM_MediaStorageSOPInstanceUID, image.meta_instance_uid);
  elements.text(DCM_TransferSyntaxUID, UID_LittleEndianExplicitTransferSyntax);
  elements.text(DCM_ImplementationClassUID, OFFIS_IMPLEMENTATION_CLASS_UID);
  elements.text(DCM_ImplementationVersionName, OFFIS_DTK_IMPLEMENTATION_VERSION_NAME);
}

void write_geometry(Elements& elements, const DicomImage& image) {
  const auto decimal = [&](float value) { return decimal_string(static_cast<double>(value), image.style); };
  const auto triple = [&](Point p) { return decimal(p.x) + "\\" + decimal(p.y) + "\\" + decimal(p.z); };
  elements.text(DCM_ImagePositionPatient, triple(image.position));
  elements.text(DCM_ImageOrientationPatient, triple(image.row_direction) + "\\" + triple(image.column_direction));
  elements.text(DCM_PixelSpacing, decimal(image.pixel_mm) + "\\" + decimal(image.pixel_mm));
}

void write_pixel_module(Elements& elements, const DicomImage& image) {
  const HeaderStyle& style = image.style;
  elements.number(DCM_SamplesPerPixel, 1);
  elements.text(DCM_PhotometricInterpretation, "MONOCHROME2");
  elements.number(DCM_Rows, image.size);
  elements.number(DCM_Columns, image.size);
  elements.number(DCM_BitsAllocated, 16);
  elements.number(DCM_BitsStored, style.bits_stored);
  elements.number(DCM_HighBit, style.bits_stored - 1);
  elements.number(DCM_PixelRepresentation, style.is_signed ? 1 : 0);
  elements.text(DCM_WindowCenter, style.window_centre);
  elements.text(DCM_WindowWidth, style.window_width);
  elements.text(DCM_RescaleIntercept, decimal_string(style.intercept, style));
  elements.text(DCM_RescaleSlope, decimal_string(1, style));
  elements.words(DCM_PixelData, stored_pixels(image.hu, image.size, style, image.padded));
}

/// The bytes of the file. DCMTK writes to memory only: a full disk that shows when a file is closed goes unnoticed
/// there.
std::string serialised(DcmFileFormat& dicom, const std::string& file) {
  constexpr E_TransferSyntax syntax = EXS_LittleEndianExplicit;
  constexpr E_EncodingType lengths = EET_ExplicitLength;
  constexpr std::size_t beginning = 4096;  // room for the preamble and for what is added to the meta header
  std::string bytes(beginning + dicom.calcElementLength(syntax, lengths), '\0');
  DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  DcmWriteCache cache;
  dicom.transferInit();
  // The meta header names the file otherwise than the data set does, as in the challenge: only what is missing (the
  // group length) may be added to it.
  const OFCondition status =
      dicom.write(stream, syntax, lengths, &cache, EGL_recalcGL, EPD_noChange, 0, 0, 0, EWM_fileformat);
  dicom.transferEnd();
  NN_CHECK(status.good(), "cannot write ", file, ": ", status.text());
  bytes.resize(static_cast<std::size_t>(stream.filled()));
  return bytes;
}

}  // namespace

void write_dicom(const std::filesystem::path& path, const DicomImage& image) {
  prepare_dcmtk();
  const std::string file = path.string();
  DcmFileFormat dicom;
  write_meta(*dicom.getMetaInfo(), image, file);

  Elements elements(*dicom.getDataset(), file);
  elements.text(DCM_SOPInstanceUID, image.image_id);
  elements.text(DCM_Modality, "CT");
  elements.text(DCM_PatientID, image.patient_id);
  elements.text(DCM_StudyInstanceUID, image.study_uid);
  elements.text(DCM_SeriesInstanceUID, image.series_uid);
  elements.text(DCM_StudyID, "");
  write_geometry(elements, image);
  write_pixel_module(elements, image);
  for (const auto& [keyword, value] : image.extra) {
    DcmTag tag;
    NN_CHECK(DcmTag::findTagFromName(keyword.c_str(), tag).good(), "[write_dicom] no element is called ", keyword);
    elements.text(tag, value);
  }

  write_file_atomically(path, serialised(dicom, file), Durability::later);
}

}  // namespace io::phantom
