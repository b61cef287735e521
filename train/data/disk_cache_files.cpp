#include "train/data/disk_cache_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <span>
#include <system_error>

namespace train {
namespace {

namespace fs = std::filesystem;

constexpr const char* begun_suffix = ".begun";  // "falx-PID-NUMBER.begun", in the folder of entries

/// 0 or the error number.
int write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : ENOSPC;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

/// Every missing folder down to `path`.
int make_folders(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return 0;
  if (errno != ENOENT || path == path.parent_path()) return errno;
  const int error = make_folders(path.parent_path());
  if (error != 0) return error;
  return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? 0 : errno;
}

int write_and_rename(const fs::path& begun, const fs::path& path, const CacheHeader& header,
                     const DecodedImage& image) {
  const int descriptor = ::open(begun.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return errno;
  int error = write_all(descriptor, std::as_bytes(std::span(&header, 1)));
  if (error == 0) error = write_all(descriptor, {static_cast<const std::byte*>(image.pixels.raw()), image.bytes()});
  if (::close(descriptor) != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(begun.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) ::unlink(begun.c_str());
  return error;
}

/// Visits the regular files two folders deep; what vanishes meanwhile is passed over.
template <class Visit>
void for_each_file(const fs::path& directory, const Visit& visit) {
  std::error_code error;
  for (fs::directory_iterator folder(directory, error), end; !error && folder != end; folder.increment(error)) {
    std::error_code inner;
    for (fs::directory_iterator file(folder->path(), inner); !inner && file != end; file.increment(inner)) {
      std::error_code vanished;
      const std::uint64_t bytes = file->file_size(vanished);
      const fs::file_time_type used = vanished ? fs::file_time_type() : file->last_write_time(vanished);
      if (!vanished) visit(CacheFile{file->path(), bytes, used});
    }
  }
}

}  // namespace

std::vector<CacheFile> list_cache_files(const fs::path& directory) {
  std::vector<CacheFile> files;
  for_each_file(directory, [&](CacheFile file) { files.push_back(std::move(file)); });
  return files;
}

void remove_abandoned_files(const fs::path& directory) {
  const fs::file_time_type limit = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for_each_file(directory, [&](const CacheFile& file) {
    std::error_code ignored;
    if (file.path.extension() == begun_suffix && file.used < limit) fs::remove(file.path, ignored);
  });
}

int write_cache_file(const fs::path& directory, const std::string& name, const CacheHeader& header,
                     const DecodedImage& image) {
  static std::atomic<std::uint64_t> number = 0;
  const fs::path path = directory / name;
  const fs::path begun = path.parent_path() / ("falx-" + std::to_string(::getpid()) + "-" +
                                               std::to_string(number.fetch_add(1)) + begun_suffix);
  int error = write_and_rename(begun, path, header, image);
  if (error == ENOENT) {  // the first entry, or somebody deleted the cache
    error = make_folders(path.parent_path());
    if (error == 0) error = write_and_rename(begun, path, header, image);
  }
  return error;
}

}  // namespace train
