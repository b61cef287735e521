#include "apps/output_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "nn/core/error.h"

namespace apps {
namespace fs = std::filesystem;

OutputLock::OutputLock(const fs::path& path) {
  try {
    make(path);
    lock(path);
  } catch (...) {
    release();
    throw;
  }
}

OutputLock::~OutputLock() { release(); }

void OutputLock::make(const fs::path& path) {
  std::error_code error;
  for (fs::path part = fs::absolute(path / "").lexically_normal().parent_path(); !fs::exists(part, error);
       part = part.parent_path()) {
    made_.insert(made_.begin(), part);
  }
  fs::create_directories(path, error);
  NN_CHECK(!error, path.string(), ": cannot be made: ", error.message());
  NN_CHECK(::access(path.c_str(), W_OK | X_OK) == 0, path.string(), ": cannot be written to: ", std::strerror(errno));
}

void OutputLock::lock(const fs::path& path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  NN_CHECK(descriptor_ >= 0, path.string(), ": cannot be opened: ", std::strerror(errno));
  const bool held = ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (held) made_.clear();  // the holder's now, empty or not
  NN_CHECK(!held && is_at(path), path.string(),
           ": another falx is writing to it; wait for it to end, or give another --out");
}

/// False if who held the lock before has removed the directory meanwhile.
bool OutputLock::is_at(const fs::path& path) const {
  struct stat locked = {}, there = {};
  return ::fstat(descriptor_, &locked) == 0 && ::stat(path.c_str(), &there) == 0 && locked.st_ino == there.st_ino;
}

void OutputLock::release() noexcept {
  std::error_code ignored;  // of directories that are not empty
  std::for_each(made_.rbegin(), made_.rend(), [&](const fs::path& part) { fs::remove(part, ignored); });
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace apps
