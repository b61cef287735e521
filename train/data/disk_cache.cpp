#include "train/data/disk_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "nn/core/error.h"
#include "train/data/cache_entry.h"
#include "train/data/disk_cache_files.h"

namespace train {
namespace {

namespace fs = std::filesystem;

/// A file is stamped with the last tick of the system's clock, which may lie before the moment of its use.
constexpr std::chrono::milliseconds longest_tick(20);

}  // namespace

fs::path usual_cache_directory() {
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "falx" / "slices";
  const char* const home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? fs::path(home) / ".cache" / "falx" / "slices" : fs::path();
}

std::uint64_t usual_disk_capacity(const fs::path& directory, std::uint64_t held) {
  constexpr std::uint64_t most = 100'000'000'000;
  std::error_code error;
  for (fs::path place = fs::absolute(directory);; place = place.parent_path()) {
    const fs::space_info space = fs::space(place, error);
    if (!error) return std::min(most, (space.available + held) / 2);
    if (place == place.parent_path()) return 0;
  }
}

DiskCache::DiskCache(const DiskCacheOptions& options)
    : directory_(options.directory), opened_(fs::file_time_type::clock::now() - longest_tick) {
  remove_abandoned_files(directory_);
  for (const CacheFile& file : list_cache_files(directory_)) bytes_ += file.bytes;
  capacity_ = options.capacity > 0 ? options.capacity : usual_disk_capacity(directory_, bytes_);
  const std::lock_guard lock(mutex_);
  if (options.capacity > 0 && bytes_ > capacity_) make_room(0);  // a run that stores nothing would never ask for it
}

std::optional<DecodedImage> DiskCache::find(const io::FileIdentity& source, ImageKind kind) {
  const fs::path path = directory_ / entry_name(source, kind);
  ReadEntry entry = read_entry(path.string(), kind, source);
  if (entry.state == ReadEntry::State::good) {
    ::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);  // used now
    ++hits_;
    return std::move(entry.image);
  }
  if (entry.state == ReadEntry::State::damaged) {
    ++damaged_;
    ::unlink(path.c_str());
  }
  return std::nullopt;
}

void DiskCache::store(const io::FileIdentity& source, ImageKind kind, const DecodedImage& image) {
  const CacheHeader header = make_header(image, kind, source);
  const std::uint64_t bytes = sizeof header + image.bytes();
  {
    const std::lock_guard lock(mutex_);
    if (!warning_.empty() || !make_room(bytes)) return;
    bytes_ += bytes;
    added_ += bytes;
  }
  const int error = write_cache_file(directory_, entry_name(source, kind), header, image);
  if (error == 0) {
    ++stored_;
    return;
  }
  const std::lock_guard lock(mutex_);
  bytes_ -= std::min(bytes_, bytes);
  give_up(std::generic_category().message(error));
}

/// With the mutex held. Counts anew now and then, for others may write, too.
bool DiskCache::make_room(std::uint64_t bytes) {
  constexpr std::uint64_t counts_per_capacity = 16;
  const bool enough = bytes_ + bytes <= capacity_;
  if (full_ || (enough && added_ <= capacity_ / counts_per_capacity)) return enough && !full_;
  std::vector<CacheFile> files = list_cache_files(directory_);
  std::sort(files.begin(), files.end(), [](const CacheFile& a, const CacheFile& b) { return a.used < b.used; });
  bytes_ = added_ = 0;
  for (const CacheFile& file : files) bytes_ += file.bytes;
  if (bytes_ + bytes <= capacity_) return true;
  const std::uint64_t wanted = capacity_ - capacity_ / counts_per_capacity;  // some more, so that this is rare
  for (const CacheFile& file : files) {
    if (bytes_ + bytes <= wanted || file.used >= opened_) break;
    std::error_code ignored;  // another process may have removed it
    fs::remove(file.path, ignored);
    bytes_ -= file.bytes;
  }
  full_ = bytes_ + bytes > capacity_;
  return !full_;
}

void DiskCache::give_up(const std::string& reason) {
  if (warning_.empty()) {
    warning_ = nn::message(directory_.string(), ": decoded slices cannot be kept there (", reason,
                           "): going on without; see --cache");
  }
}

std::uint64_t DiskCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::string DiskCache::warning() const {
  const std::lock_guard lock(mutex_);
  return warning_;
}

}  // namespace train
