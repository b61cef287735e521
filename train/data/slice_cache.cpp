#include "train/data/slice_cache.h"

namespace train {

std::shared_ptr<const DecodedImage> SliceCache::get(const std::string& path, ImageKind kind) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = index_.find(path); found != index_.end()) {
      ++hits_;
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->image;
    }
    ++misses_;
  }
  // Decoded without the lock: two threads may do so at once for the same file, and the first to come back is kept.
  auto image = std::make_shared<const DecodedImage>(decode_image(path, kind));
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(path); found != index_.end()) return found->second->image;
  if (image->bytes() > capacity_) return image;
  entries_.push_front({path, image});
  index_.emplace(path, entries_.begin());
  bytes_ += image->bytes();
  while (bytes_ > capacity_) {
    bytes_ -= entries_.back().image->bytes();
    index_.erase(entries_.back().path);
    entries_.pop_back();
  }
  return image;
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
