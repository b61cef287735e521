#include "apps/output_directory.h"

#include <system_error>

#include "apps/command.h"

namespace apps {
namespace fs = std::filesystem;

void check_output(const fs::path& path, bool overwrite, const char* hint) {
  std::error_code error;
  if (!fs::exists(path, error)) return;
  if (!fs::is_directory(path, error)) throw UsageError(path.string() + " is a file; --out names a directory");
  const bool empty = fs::is_empty(path, error);
  NN_CHECK(!error, path.string(), ": cannot be read: ", error.message());
  if (!empty && !overwrite) throw UsageError(path.string() + " is not empty: " + hint);
}

void prepare_output(const fs::path& path, std::span<const fs::path> own_files) {
  std::error_code error;
  fs::create_directories(path, error);
  NN_CHECK(!error, path.string(), ": cannot be made: ", error.message());
  for (const fs::path& file : own_files) {
    fs::remove_all(file, error);
    NN_CHECK(!error, file.string(), ": cannot be removed: ", error.message());
  }
}

}  // namespace apps
