// From a DICOM file to a CT slice.
#pragma once

#include <string>

#include "io/dicom/slice.h"
#include "io/rejected_file.h"

namespace io {

/// The header alone, without decoding pixels: fast enough for a hospital's folder. Throws FileRejected for what is no
/// CT slice (skipped) and for a defect that shows without decoding (rejected; missing or truncated pixels among them).
SliceHeader read_header(const std::string& path);

/// Where the time of read_slice goes, in milliseconds.
struct ReadTimes {
  double header = 0;      // open the file, read and check its header
  double pixels = 0;      // read the pixels' bytes and decompress them
  double hounsfield = 0;  // fix the numbers, turn the picture upright

  ReadTimes& operator+=(const ReadTimes& other);
  ReadTimes operator/(double count) const { return {header / count, pixels / count, hounsfield / count}; }
};

/// Header and pixels, every fix applied. `header.reasons` then also holds what the pixels needed. Throws FileRejected.
/// Safe to call from several threads at once. What it takes is added to `times`, if there are any.
CtSlice read_slice(const std::string& path, ReadTimes* times = nullptr);

}  // namespace io
