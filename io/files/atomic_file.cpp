#include "io/files/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "nn/core/error.h"

namespace io {
namespace {

constexpr std::size_t buffer_size = 1U << 20U;

/// Of one file at once.
constexpr int most_writers = 1000;

std::string reason() { return std::strerror(errno); }

/// A new file, locked until its descriptor is closed; -1 with errno if it cannot be made. On a file system without
/// locks the file is as new, only nobody can tell later that its writer is gone.
int create_locked(const std::filesystem::path& path) {
  for (;;) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) return -1;
    while (::flock(descriptor, LOCK_EX) != 0 && errno == EINTR) {
    }
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0 || status.st_nlink > 0) return descriptor;
    ::close(descriptor);  // another writer found it before it was locked, and removed it
  }
}

/// True if the open file still has this name: it may have been renamed meanwhile, and the name be another's.
bool has_name(int descriptor, const std::filesystem::path& path) {
  struct stat opened = {}, named = {};
  return ::fstat(descriptor, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 && S_ISREG(opened.st_mode) &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/// Removes the temporary file of a writer that was killed. Its lock went with it; a living writer holds one.
bool remove_if_abandoned(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return false;
  const bool removed =
      ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 && has_name(descriptor, path) && ::unlink(path.c_str()) == 0;
  ::close(descriptor);
  return removed;
}

/// As create_locked; EEXIST means that another writer is at work there.
int create_or_take_over(const std::filesystem::path& path) {
  const int descriptor = create_locked(path);
  if (descriptor >= 0 || errno != EEXIST) return descriptor;
  if (remove_if_abandoned(path)) return create_locked(path);
  errno = EEXIST;
  return -1;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  // Beside the destination, so that the rename stays within one file system. Counted, not named by process id or by
  // chance: what a killed writer left is found again, and in a container every process may have the same id.
  int writer = 0;
  do {
    temporary_ = path_;
    temporary_ += nn::message(".partial-", writer++);
    descriptor_ = create_or_take_over(temporary_);
  } while (descriptor_ < 0 && errno == EEXIST && writer < most_writers);
  NN_CHECK(descriptor_ >= 0, "cannot write ", path_.string(), ": ", reason());
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::write(std::string_view bytes) {
  NN_CHECK(descriptor_ >= 0, "cannot write ", path_.string(), ": it is closed");
  if (buffer_.size() + bytes.size() < buffer_size) {
    buffer_.append(bytes);
    return;
  }
  write_through(buffer_);
  buffer_.clear();
  write_through(bytes);
}

void AtomicFile::write_through(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail();
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit(Durability durability) {
  NN_CHECK(descriptor_ >= 0, "cannot write ", path_.string(), ": it is closed");
  write_through(buffer_);
  if (durability == Durability::at_once && ::fsync(descriptor_) != 0) fail();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail();
  temporary_.clear();
  ::close(std::exchange(descriptor_, -1));  // the lock goes last; fsync has reported what could have failed here
  if (durability == Durability::later) return;
  // The rename itself becomes durable with its folder. Some file systems refuse this; the file is whole all the same.
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  const int folder_descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_descriptor >= 0) {
    ::fsync(folder_descriptor);
    ::close(folder_descriptor);
  }
}

void AtomicFile::discard() noexcept {
  if (descriptor_ < 0) return;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  ::close(std::exchange(descriptor_, -1));  // after the name is gone: it may be another writer's at once
  temporary_.clear();
}

void AtomicFile::fail() {
  const std::string why = reason();
  discard();
  throw nn::Error(nn::message("cannot write ", path_.string(), ": ", why));
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes, Durability durability) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit(durability);
}

void sync_file_system(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::syncfs(descriptor) == 0;
  const std::string why = reason();
  if (descriptor >= 0) ::close(descriptor);
  NN_CHECK(synced, "cannot write ", folder.string(), ": ", why);
}

std::string read_file(const std::filesystem::path& path, std::size_t most) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  NN_CHECK(descriptor >= 0, "cannot read ", path.string(), ": ", reason());
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } closer{descriptor};

  struct stat status = {};
  NN_CHECK(::fstat(descriptor, &status) == 0, "cannot read ", path.string(), ": ", reason());
  NN_CHECK(!S_ISDIR(status.st_mode), "cannot read ", path.string(), ": it is a folder, expected a file");
  const auto check_size = [&](std::size_t bytes) {
    NN_CHECK(bytes <= most, "cannot read ", path.string(), ": it has more than the ", most, " bytes of such a file");
  };
  check_size(static_cast<std::size_t>(status.st_size));
  // Pipes and files of /proc say size 0: read until the end, not until the size.
  std::string bytes(static_cast<std::size_t>(status.st_size) + 1, '\0');
  std::size_t size = 0;
  for (;;) {
    if (size == bytes.size()) bytes.resize(2 * bytes.size());
    const ssize_t got = ::read(descriptor, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    NN_CHECK(got >= 0, "cannot read ", path.string(), ": ", reason());
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    check_size(size);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace io
