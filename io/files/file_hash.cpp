#include "io/files/file_hash.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "io/files/md5.h"
#include "io/files/sha256.h"
#include "nn/core/error.h"

namespace io {

FileHash hash_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  NN_CHECK(file, path.string(), ": cannot read it: ", std::strerror(errno));
  Sha256 sha256;
  Md5 md5;
  std::string piece(1 << 20, '\0');
  do {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const std::string_view bytes = std::string_view(piece).substr(0, static_cast<std::size_t>(file.gcount()));
    sha256.update(bytes);
    md5.update(bytes);
  } while (file);
  NN_CHECK(!file.bad(), path.string(), ": reading it failed");
  return {to_hex(sha256.digest()), md5.hex_digest()};
}

}  // namespace io
