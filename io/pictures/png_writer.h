// PNG out.
#pragma once

#include <filesystem>
#include <string>

#include "io/pictures/picture.h"

namespace io {

/// The bytes of a PNG file, for pages that carry their pictures inside.
std::string encode_png(const Picture& picture);

/// Writes a PNG file atomically.
void write_png(const std::filesystem::path& path, const Picture& picture);

}  // namespace io
