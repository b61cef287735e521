// --out while a command works on it: made and known to be writable before long work, and nobody else's until it ends.
#pragma once

#include <filesystem>
#include <vector>

namespace apps {

class OutputLock {
 public:
  /// Makes the directory `path`, if need be, and locks it (flock, of the directory itself: no file stays behind, and a
  /// killed process leaves no lock). Throws nn::Error in one line: it cannot be made or written to, or another process
  /// holds it. On a file system that has no such locks (some NFS), nothing is locked.
  explicit OutputLock(const std::filesystem::path& path);
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;
  /// Removes the directories that it made, as far as they are still empty.
  ~OutputLock();

 private:
  void make(const std::filesystem::path& path);
  void lock(const std::filesystem::path& path);
  bool is_at(const std::filesystem::path& path) const;
  void release() noexcept;

  std::vector<std::filesystem::path> made_;  // the outermost first
  int descriptor_ = -1;
};

}  // namespace apps
