// Decoded slices kept on disk, so that later epochs and later runs decode nothing.
//
// A folder with a file an entry (cache_entry.h), written beside and renamed: what is there is whole, whenever a process
// ends. Nothing is made durable, and nothing is trusted: every reading verifies checksum and identity, and an entry
// that does not pass is removed and decoded anew. Several processes may share the folder, and it may be deleted at any
// time. It may hold other files, too: only what is named as this cache names its files is ever counted or removed.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "io/files/file_identity.h"
#include "train/data/decoded_image.h"

namespace train {

struct DiskCacheOptions {
  std::filesystem::path directory;  // empty: no cache on disk
  std::uint64_t capacity = 0;       // bytes, to which a larger cache is cut at once; 0: usual_disk_capacity
};

/// $XDG_CACHE_HOME/falx/slices, or ~/.cache/falx/slices; empty if neither variable is set.
std::filesystem::path usual_cache_directory();
/// Half of what is free where `directory` lies (or will), at most 100 GB; what the cache holds counts as free.
std::uint64_t usual_disk_capacity(const std::filesystem::path& directory, std::uint64_t held);

/// Any thread may call. Nothing here fails: what cannot be kept is decoded again.
class DiskCache {
 public:
  explicit DiskCache(const DiskCacheOptions& options);
  DiskCache(const DiskCache&) = delete;
  DiskCache& operator=(const DiskCache&) = delete;

  /// The entry of this state of a file.
  std::optional<DecodedImage> find(const io::FileIdentity& source, ImageKind kind);
  /// Keeps a decoded image. To make room, the entries that were not used for longest go, but none that was used since
  /// this cache was opened: going through more images than fit, epoch after epoch, finds again what did fit.
  void store(const io::FileIdentity& source, ImageKind kind, const DecodedImage& image);

  std::uint64_t capacity() const { return capacity_; }
  /// Of all entries: as counted last, with what was stored here since.
  std::uint64_t bytes() const;
  std::size_t hits() const { return hits_; }
  std::size_t stored() const { return stored_; }
  std::size_t damaged() const { return damaged_; }
  /// One line if something keeps entries from being written (then nothing more is tried), else empty.
  std::string warning() const;

 private:
  bool make_room(std::uint64_t bytes);
  void give_up(const std::string& reason);

  const std::filesystem::path directory_;
  std::atomic<std::size_t> hits_ = 0, stored_ = 0, damaged_ = 0;
  mutable std::mutex mutex_;  // of all that follows
  std::uint64_t capacity_ = 0;
  std::filesystem::file_time_type opened_;
  std::uint64_t bytes_ = 0, added_ = 0;  // of all entries; since they were counted, by this process
  bool full_ = false;                    // of entries in use
  std::string warning_;
};

}  // namespace train
