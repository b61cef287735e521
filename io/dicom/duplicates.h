// The same SOPInstanceUID in several files.
#pragma once

#include <vector>

#include "io/dicom/slice.h"
#include "io/rejected_file.h"

namespace io {

/// The headers without duplicates, in the same order. Of several files with one image_id and identical pixels the first
/// stays and the others are skipped; if any two differ, all are rejected. What falls out is added to `rejected`.
std::vector<SliceHeader> without_duplicates(std::vector<SliceHeader> headers, std::vector<RejectedFile>& rejected);

}  // namespace io
