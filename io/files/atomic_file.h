// Files that appear whole or not at all: everything the project writes goes through here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>

namespace io {

/// When bytes reach the disk itself. Of thousands of files that count only together each would wait for it: then their
/// writer says later, and calls sync_file_system once, before it says that they are there.
enum class Durability { at_once, later };

/// A file being written beside its destination: bytes go to a temporary file in the same folder, commit() makes them
/// durable (fsync, unless later) and renames it over `path`. Without commit() the destructor removes the temporary
/// file, and the old `path` stays. Any failure (a full disk, no permission) throws nn::Error naming `path`; nothing
/// half-written remains. The temporary file is `path`.partial-N and locked (flock); one that a killed process left is
/// taken over by the next that writes `path`.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::string_view bytes);
  /// Flush, fsync, rename, fsync of the folder. Call once, last.
  void commit(Durability durability = Durability::at_once);

 private:
  void write_through(std::string_view bytes);
  void discard() noexcept;
  [[noreturn]] void fail();

  std::filesystem::path path_, temporary_;
  std::string buffer_;
  int descriptor_ = -1;
};

/// The whole of `bytes` becomes the file `path`, or an nn::Error is thrown and `path` is as before.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                           Durability durability = Durability::at_once);

/// Makes durable what was written to the file system of this folder (syncfs). Throws nn::Error naming it.
void sync_file_system(const std::filesystem::path& folder);

/// The bytes of a file. Throws nn::Error naming the file and the reason if it cannot be read, or has more than `most`.
std::string read_file(const std::filesystem::path& path, std::size_t most = std::numeric_limits<std::size_t>::max());

}  // namespace io
