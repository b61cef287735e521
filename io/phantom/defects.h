// Broken files, as they occur in archives, for whoever reads them to refuse with a reason: --defects N.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace io::phantom {

struct Defect {
  std::string image, kind;
};

/// Breaks `count` of the files FOLDER/<image>.dcm, chosen by `seed`; in turn
///   truncated       29 % of the pixel bytes are left, as in the challenge's ID_6431af929
///   no_pixel_data   a header alone
///   header_cut      the file ends inside the header
///   empty           no byte
///   not_dicom       a text by the name of an image
/// Labels stay as they are. Throws nn::Error if there are fewer images than defects.
std::vector<Defect> break_files(const std::filesystem::path& folder, std::vector<std::string> images, int size,
                                int count, std::uint64_t seed);

}  // namespace io::phantom
