// Decoded images kept in memory, and those that were long to decode on disk: decoding in every epoch is the usual
// bottleneck of training.
#pragma once

#include <cstddef>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "train/data/decoded_image.h"
#include "train/data/disk_cache.h"

namespace train {

/// At most `capacity` bytes of pixels; the least recently used goes first. Any thread may call.
class SliceCache {
 public:
  static constexpr std::size_t default_capacity = std::size_t{1} << 30U;

  explicit SliceCache(std::size_t capacity = default_capacity, const DiskCacheOptions& disk = {});
  SliceCache(const SliceCache&) = delete;
  SliceCache& operator=(const SliceCache&) = delete;

  /// The file, from memory or decoded now; threads that ask for one file at once wait for one of them to decode it.
  /// Throws io::FileRejected. What is returned lives as long as it is held, whatever the cache drops.
  std::shared_ptr<const DecodedImage> get(const std::string& path, ImageKind kind);

  std::size_t capacity() const { return capacity_; }
  std::size_t bytes() const;
  std::size_t hits() const;
  std::size_t misses() const;  // of the memory
  /// nullptr without one.
  const DiskCache* disk() const { return disk_.get(); }

 private:
  struct Entry {
    std::string path;
    std::shared_ptr<const DecodedImage> image;
  };

  using Image = std::shared_ptr<const DecodedImage>;
  DecodedImage read(const std::string& path, ImageKind kind);
  void keep(const std::string& path, const Image& image);

  const std::size_t capacity_;
  const std::unique_ptr<DiskCache> disk_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> index_;
  std::unordered_map<std::string, std::shared_future<Image>> decoding_;  // by another thread, now
  std::size_t bytes_ = 0, hits_ = 0, misses_ = 0;
};

}  // namespace train
