// Checksums of whole files.
#pragma once

#include <filesystem>
#include <string>

namespace io {

/// Both in lower-case hexadecimal. MD5 is no protection against forgery; it is how Keras names its weight files.
struct FileHash {
  std::string sha256, md5;
};

/// Reads the file once, in pieces. Throws nn::Error naming the file if it cannot be read.
FileHash hash_file(const std::filesystem::path& path);

}  // namespace io
