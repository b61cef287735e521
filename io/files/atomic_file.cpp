#include "io/files/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "nn/core/error.h"

namespace io {
namespace {

constexpr std::size_t buffer_size = 1U << 20U;

/// Beside the destination, so that the rename stays within one file system; unique in this and every other process.
std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  static std::atomic<unsigned> counter{0};
  std::filesystem::path result = path;
  result += nn::message(".partial-", ::getpid(), "-", counter++);
  return result;
}

std::string reason() { return std::strerror(errno); }

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)), temporary_(temporary_beside(path_)) {
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
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

void AtomicFile::commit() {
  NN_CHECK(descriptor_ >= 0, "cannot write ", path_.string(), ": it is closed");
  write_through(buffer_);
  if (::fsync(descriptor_) != 0) fail();
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) fail();
  // The rename itself becomes durable with its folder. Some file systems refuse this; the file is whole all the same.
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  const int folder_descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_descriptor >= 0) {
    ::fsync(folder_descriptor);
    ::close(folder_descriptor);
  }
  temporary_.clear();
}

void AtomicFile::discard() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

void AtomicFile::fail() {
  const std::string why = reason();
  discard();
  throw nn::Error(nn::message("cannot write ", path_.string(), ": ", why));
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
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
