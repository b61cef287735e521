#include "train/data/disk_cache_files.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <span>
#include <string_view>
#include <system_error>

namespace train {
namespace {

namespace fs = std::filesystem;

// "falx-0123456789abcdef.begun", in the folder of entries
constexpr std::string_view begun_prefix = "falx-", begun_suffix = ".begun";
constexpr std::size_t begun_digits = 16;
constexpr std::string_view digits = "0123456789abcdef";

bool are_digits(std::string_view text, std::size_t count) {
  return text.size() == count && text.find_first_not_of(digits) == text.npos;
}

/// As entry_name has it, below its folder.
bool is_entry_file(std::string_view name) {
  constexpr std::size_t entry_digits = 30;
  if (!are_digits(name.substr(0, entry_digits), entry_digits)) return false;
  name.remove_prefix(entry_digits);
  return name == ".slice" || name == ".picture";
}

bool is_begun(std::string_view name) {
  if (!name.starts_with(begun_prefix) || !name.ends_with(begun_suffix)) return false;
  name.remove_prefix(begun_prefix.size());
  name.remove_suffix(begun_suffix.size());
  return are_digits(name, begun_digits);
}

/// A name that nobody can foresee, and that other processes do not choose either.
std::string new_begun_name() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) {
    number = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  std::string name(begun_prefix);
  for (std::size_t i = 0; i < begun_digits; ++i, number >>= 4U) name += digits[number & 15U];
  return name.append(begun_suffix);
}

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
  const int descriptor = ::open(begun.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) return errno;
  int error = write_all(descriptor, std::as_bytes(std::span(&header, 1)));
  if (error == 0) error = write_all(descriptor, {static_cast<const std::byte*>(image.pixels.raw()), image.bytes()});
  if (::close(descriptor) != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(begun.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) ::unlink(begun.c_str());
  return error;
}

/// Visits the cache's own files, which may be removed: `directory` may be any folder of the user's, with files of any
/// name and links to anywhere. What vanishes meanwhile is passed over.
template <class Visit>
void for_each_file(const fs::path& directory, const Visit& visit) {
  std::error_code error;
  for (fs::directory_iterator folder(directory, error), end; !error && folder != end; folder.increment(error)) {
    std::error_code inner;
    if (!are_digits(folder->path().filename().native(), 2)) continue;
    if (!fs::is_directory(folder->symlink_status(inner)) || inner) continue;
    for (fs::directory_iterator file(folder->path(), inner); !inner && file != end; file.increment(inner)) {
      std::error_code vanished;
      const std::string name = file->path().filename().string();
      if (!is_entry_file(name) && !is_begun(name)) continue;
      if (!fs::is_regular_file(file->symlink_status(vanished)) || vanished) continue;
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
    if (is_begun(file.path.filename().native()) && file.used < limit) fs::remove(file.path, ignored);
  });
}

int write_cache_file(const fs::path& directory, const std::string& name, const CacheHeader& header,
                     const DecodedImage& image) {
  constexpr int most_attempts = 16;  // far more than others can spoil, unless something is wrong for good
  const fs::path path = directory / name;
  int error = 0;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    error = write_and_rename(path.parent_path() / new_begun_name(), path, header, image);
    if (error == EEXIST) continue;             // another has that name
    if (error != ENOENT) return error;         // or 0
    error = make_folders(path.parent_path());  // the first entry, or somebody deletes the cache
    if (error != 0 && error != ENOENT) return error;
  }
  return error != 0 ? error : ENOENT;
}

}  // namespace train
