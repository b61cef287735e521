// A file's bytes as memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace io {

/// The bytes of a file for reading, without a copy: pages of the system's file cache. They stay as they are when the
/// file is removed or another is renamed over it; a file that somebody shortens in place must not be read any more.
class MappedFile {
 public:
  /// nullptr if the file is not there, is empty or cannot be read.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  /// Page-aligned.
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(begin_), size_}; }

 private:
  MappedFile(void* begin, std::size_t size) : begin_(begin), size_(size) {}

  void* begin_;
  std::size_t size_;
};

}  // namespace io
