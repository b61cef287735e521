#include "train/data/slice_cache.h"

namespace train {

SliceCache::SliceCache(std::size_t capacity, const DiskCacheOptions& disk)
    : capacity_(capacity), disk_(disk.directory.empty() ? nullptr : std::make_unique<DiskCache>(disk)) {}

/// From disk: the cache's file if there is one, else the image's own.
DecodedImage SliceCache::read(const std::string& path, ImageKind kind) {
  const std::optional<io::FileIdentity> before = disk_ ? io::identify_file(path) : std::nullopt;
  if (before) {
    if (std::optional<DecodedImage> found = disk_->find(*before, kind)) return std::move(*found);
  }
  DecodedImage image = decode_image(path, kind);
  // Uncompressed pixels are as quickly read as an entry, and a file that changed meanwhile is neither of the two.
  if (before && image.compressed && io::identify_file(path) == before) disk_->store(*before, kind, image);
  return image;
}

std::shared_ptr<const DecodedImage> SliceCache::get(const std::string& path, ImageKind kind) {
  std::promise<Image> promise;
  std::shared_future<Image> of_another;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = index_.find(path); found != index_.end()) {
      ++hits_;
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->image;
    }
    if (const auto found = decoding_.find(path); found != decoding_.end()) {
      ++hits_;
      of_another = found->second;
    } else {
      ++misses_;
      decoding_.emplace(path, promise.get_future().share());
    }
  }
  if (of_another.valid()) return of_another.get();
  try {
    Image image = std::make_shared<const DecodedImage>(read(path, kind));
    keep(path, image);
    promise.set_value(image);
    return image;
  } catch (...) {
    const std::lock_guard lock(mutex_);
    decoding_.erase(path);
    promise.set_exception(std::current_exception());
    throw;
  }
}

void SliceCache::keep(const std::string& path, const Image& image) {
  const std::lock_guard lock(mutex_);
  decoding_.erase(path);
  if (image->bytes() > capacity_) return;
  entries_.push_front({path, image});
  index_.emplace(path, entries_.begin());
  bytes_ += image->bytes();
  while (bytes_ > capacity_) {
    bytes_ -= entries_.back().image->bytes();
    index_.erase(entries_.back().path);
    entries_.pop_back();
  }
}

std::size_t SliceCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::size_t SliceCache::hits() const {
  const std::lock_guard lock(mutex_);
  return hits_;
}

std::size_t SliceCache::misses() const {
  const std::lock_guard lock(mutex_);
  return misses_;
}

}  // namespace train
