// Loading a DICOM file with DCMTK, within bounds.
#pragma once

#include <string>

class DcmFileFormat;  // of DCMTK

namespace io {

/// Reads the elements of the file `path` into `file`; long values (pixels) stay on disk until they are asked for.
/// Returns why reading stopped before the end of the file, or "": the elements read until then are there. Throws
/// FileRejected (unreadable) if sequences are nested so deeply that reading them would exhaust the stack.
std::string load_elements(DcmFileFormat& file, const std::string& path);

}  // namespace io
