// Files that appear whole or not at all: everything the project writes goes through here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>

namespace io {

/// A file being written beside its destination: bytes go to a temporary file in the same folder, commit() makes them
/// durable (fsync) and renames it over `path`. Without commit() the destructor removes the temporary file, and the old
/// `path` stays. Any failure (a full disk, no permission) throws nn::Error naming `path`; nothing half-written remains.
/// The temporary file is `path`.partial-N and locked (flock); one that a killed process left is taken over by the next
/// that writes `path`.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::string_view bytes);
  /// Flush, fsync, rename, fsync of the folder. Call once, last.
  void commit();

 private:
  void write_through(std::string_view bytes);
  void discard() noexcept;
  [[noreturn]] void fail();

  std::filesystem::path path_, temporary_;
  std::string buffer_;
  int descriptor_ = -1;
};

/// The whole of `bytes` becomes the file `path`, or an nn::Error is thrown and `path` is as before.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// The bytes of a file. Throws nn::Error naming the file and the reason if it cannot be read, or has more than `most`.
std::string read_file(const std::filesystem::path& path, std::size_t most = std::numeric_limits<std::size_t>::max());

}  // namespace io
