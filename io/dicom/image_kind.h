// What kind of image a header describes: whether it is a CT slice at all, and what is special about it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/dicom/reason.h"

namespace io {

/// The elements that tell, empty where missing.
struct ImageKind {
  std::string modality = {};
  std::string sop_class = {};                // SOPClassUID
  std::vector<std::string> image_type = {};  // ORIGINAL\PRIMARY\AXIAL
  std::string rescale_type = {};             // HU
  std::string photometric = {};              // MONOCHROME2
  int samples_per_pixel = 1;
};

/// Why this is not a slice of Hounsfield units (a code of `skip::`), or nothing.
std::optional<Reason> why_skipped(const ImageKind& kind);

/// ConvolutionKernel of a sharp reconstruction: GE BONE and EDGE, Siemens H60 and above, Toshiba FC30 and above,
/// Philips D and E, or the word bone in a description.
bool is_bone_kernel(std::string_view kernel, std::string_view series_description);

/// ContrastBolusAgent names an agent; empty, NO and NONE do not.
bool names_contrast_agent(std::string_view agent);

/// Slices of at most 2 mm.
bool is_thin(double thickness_mm);

}  // namespace io
