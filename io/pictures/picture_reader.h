// PNG and JPEG in.
#pragma once

#include <string>

#include "io/pictures/picture.h"
#include "io/rejected_file.h"

namespace io {

/// By its first bytes, whatever it is called.
bool is_picture(const std::string& path);

/// Reads a PNG or JPEG as `channels` (1 or 3) bytes a pixel; colour becomes grey by luma, 16 bits become 8, an alpha
/// channel is dropped. Throws FileRejected for anything else, for broken files and beyond 16384 pixels a side.
Picture read_picture(const std::string& path, int channels = 1);

}  // namespace io
