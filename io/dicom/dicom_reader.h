// From a DICOM file to a CT slice.
#pragma once

#include <string>

#include "io/dicom/slice.h"
#include "io/rejected_file.h"

namespace io {

/// The header alone, without decoding pixels: fast enough for a hospital's folder. Throws FileRejected for what is no
/// CT slice (skipped) and for a defect that shows without decoding (rejected; missing or truncated pixels among them).
SliceHeader read_header(const std::string& path);

/// Header and pixels, every fix applied. `header.reasons` then also holds what the pixels needed. Throws FileRejected.
/// Safe to call from several threads at once.
CtSlice read_slice(const std::string& path);

}  // namespace io
