// From a folder of files to series of slices in order from the feet to the head.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "io/dicom/slice.h"
#include "io/rejected_file.h"

namespace io {

/// Slices of one SeriesInstanceUID, one orientation and one matrix, ordered by position along the normal toward the
/// head; ties by AcquisitionNumber, InstanceNumber, SOPInstanceUID. Without positions by those three alone.
struct Series {
  std::string series_uid, study_uid, patient_id;  // of the first slice
  std::vector<SliceHeader> slices;                // never empty
  bool has_positions = false;

  bool contrast() const;  // any slice
  bool bone_kernel() const;
  /// Any slice, or, where no thickness is given, positions at most 2 mm apart in the median.
  bool thin_slices() const;
};

struct Scan {
  std::vector<Series> series;          // by study, series, then orientation and matrix as they came
  std::vector<RejectedFile> rejected;  // sorted by file
  std::size_t files = 0;               // looked at

  std::size_t slices() const;  // in all series
};

/// Called now and then while a folder is read, on the thread that called scan(). What it throws ends the scan.
using ScanProgress = std::function<void(std::size_t done, std::size_t total)>;

/// Reads every header below `path` (a directory, searched recursively, or one file), in parallel. Whatever is wrong
/// with a file is an error of that file only: what cannot be used is in `rejected`. Links to folders below `path` are
/// not followed but listed there. Throws nn::Error if `path` does not exist or a folder cannot be listed. The result
/// depends on the files alone, never on threads or the order of the file system.
Scan scan(const std::string& path, const ScanProgress& progress = {});

/// Groups and orders; headers come in the order of their files. One image_id twice: the first of pixel-identical files
/// is kept, differing ones are all rejected (their pixels are read for that). What falls out is added to `rejected`.
std::vector<Series> group_series(std::vector<SliceHeader> headers, std::vector<RejectedFile>& rejected);

/// Indices of slices s-1, s, s+1; the first and last repeat at the ends.
std::array<std::size_t, 3> neighbours(const Series& series, std::size_t slice);

}  // namespace io
