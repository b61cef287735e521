// One CT slice as the rest of the program sees it: geometry, identity, and pixels that are one linear map from HU.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/dicom/reason.h"

namespace io {

/// In millimetres or as a direction, in the patient's axes: x to the patient's left, y to the back, z to the head.
using Vector3 = std::array<double, 3>;

/// How the stored picture was turned so that rows run to the patient's left and columns to the back: first the
/// transpose, then the flips. The default leaves it as it is.
struct Turn {
  bool transpose = false;     // exchange rows and columns
  bool flip_rows = false;     // reverse the order of the rows (upside down)
  bool flip_columns = false;  // reverse every row (left to right)

  bool operator==(const Turn&) const = default;
};

struct GreyWindow {
  double centre, width;  // HU
};

/// What a slice says of itself. Everything geometric describes the picture after `turn`.
struct SliceHeader {
  std::string path;  // opens the file
  std::string file;  // below the scanned directory, '/' between folders: for tables

  std::string image_id;                           // SOPInstanceUID of the data set: `ID_0fe31b044`
  std::string series_uid, study_uid, patient_id;  // empty if missing. Identifies a patient: hash before writing
  std::string modality;
  std::string transfer_syntax;  // "1.2.840.10008.1.2.1"

  int rows = 0, columns = 0;
  std::optional<std::array<double, 2>> pixel_spacing;  // mm from row to row, from column to column
  std::optional<Vector3> position;                     // of the first pixel's centre (ImagePositionPatient)
  std::optional<std::array<Vector3, 2>> orientation;   // unit vectors along a row and down a column
  double position_mm = 0;                 // position along the slice normal, which points to the head; 0 if unknown
  std::optional<double> slice_thickness;  // mm
  std::optional<int> acquisition_number, instance_number;
  Turn turn;

  std::vector<GreyWindow> windows;  // the file's own, possibly several or none

  bool contrast = false;     // a contrast agent is named
  bool bone_kernel = false;  // reconstructed sharp
  bool thin_slice = false;   // at most 2 mm
  bool lossy = false;        // compressed with loss once
  bool compressed = false;   // the pixels are, in the file

  std::vector<Reason> reasons;  // what was fixed or assumed, in the order in which it was done
};

/// A slice with its pixels. HU = slope * value + intercept; padding is -1024 HU already, wrapped values are unwrapped.
/// What remains to be done is the linear map and the clip to [-1024, 3071].
struct CtSlice {
  SliceHeader header;
  std::vector<std::int16_t> pixels;  // rows * columns, row after row
  double slope = 1, intercept = 0;
};

}  // namespace io
