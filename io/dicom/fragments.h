// Where the pixels stand in a data set.
#pragma once

#include <string>
#include <string_view>

#include "io/dicom/dataset.h"

class DcmPixelData;  // of DCMTK
class DcmPixelSequence;

namespace io {

constexpr Tag pixel_data_tag{0x7fe0, 0x0010};

/// Null if there is none.
DcmPixelData* find_pixel_data(const Dataset& dataset);

/// Compressed pixels: each stands in fragments (DICOM PS3.5 A.4).
bool is_encapsulated(const Dataset& dataset);

/// The compressed fragments of the one frame; null if there are none. Item 0 is the offset table.
DcmPixelSequence* find_fragments(const Dataset& dataset, DcmPixelData& pixel_data);

/// The bytes of all fragments; of several of them `joined` takes a copy. Throws nn::Error with a one-line reason.
std::string_view fragment_bytes(const Dataset& dataset, DcmPixelData& pixel_data, std::string& joined);

}  // namespace io
