#include "io/files/file_identity.h"

#include <sys/stat.h>
#include <xxhash.h>

#include <ctime>
#include <string>

namespace io {
namespace {

/// Linux stamps files with the time of the last tick of its clock: at most 10 ms ago.
constexpr std::int64_t longest_tick_ns = 20'000'000;

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

}  // namespace

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return nanoseconds(now);
}

std::optional<FileIdentity> identify_file(const std::filesystem::path& path, std::int64_t now) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  if (now - nanoseconds(status.st_ctim) < longest_tick_ns) return std::nullopt;
  const std::string name = std::filesystem::absolute(path).lexically_normal().string();
  const XXH128_hash_t hash = XXH3_128bits(name.data(), name.size());
  return FileIdentity{.path_hash = {hash.high64, hash.low64},
                      .size = static_cast<std::uint64_t>(status.st_size),
                      .inode = static_cast<std::uint64_t>(status.st_ino),
                      .modified_ns = nanoseconds(status.st_mtim),
                      .status_changed_ns = nanoseconds(status.st_ctim)};
}

}  // namespace io
