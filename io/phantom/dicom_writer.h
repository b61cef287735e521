// One synthetic slice as a DICOM Part-10 file with the 22 elements of the challenge, and no others unless asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "io/phantom/header_style.h"
#include "io/phantom/point.h"

namespace io::phantom {

/// Elements beyond the 22, by keyword: {"ImageType", "ORIGINAL\\PRIMARY\\LOCALIZER"}.
using ExtraElements = std::vector<std::pair<std::string, std::string>>;

struct DicomImage {
  std::string image_id, meta_instance_uid, patient_id, study_uid, series_uid;
  Point position, row_direction, column_direction;  // ImagePositionPatient, ImageOrientationPatient
  float pixel_mm = 1;
  int size = 0;  // rows and columns
  HeaderStyle style;
  bool padded = false;
  std::vector<std::int16_t> hu;  // size * size
  ExtraElements extra;
};

/// Explicit VR little endian. Throws nn::Error naming the file if it cannot be written. Whole or not at all, but
/// durable only after sync_file_system.
void write_dicom(const std::filesystem::path& path, const DicomImage& image);

}  // namespace io::phantom
