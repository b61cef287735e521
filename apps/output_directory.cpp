#include "apps/output_directory.h"

#include <fstream>
#include <system_error>

#include "apps/command.h"
#include "apps/staged_output.h"

namespace apps {
namespace fs = std::filesystem;
namespace {

/// Where a mark is looked for: a page's style sheet and the names of a network's weights may stand before it.
constexpr std::size_t longest_beginning = std::size_t{1} << 20U;

std::string beginning_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text(longest_beginning, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

bool is_own(const OwnFile& file) {
  std::error_code error;
  if (!fs::is_regular_file(file.path, error)) return false;
  const std::string text = beginning_of(file.path);
  return file.path.extension() == ".csv" ? text.starts_with(file.mark) : text.find(file.mark) != std::string::npos;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

/// True if there is nothing in it but what a killed program had not finished.
bool holds_nothing(const fs::path& directory, std::error_code& error) {
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->path().filename() != StagedOutput::folder) return false;
  }
  return true;
}

}  // namespace

void check_replaceable(std::span<const OwnFile> own) {
  for (const OwnFile& file : own) {
    if (!is_there(file.path) || is_own(file)) continue;
    throw UsageError(file.path.string() +
                     ": is not what this command writes, so --overwrite does not replace it; give another --out");
  }
}

void check_output(const fs::path& path, std::span<const OwnFile> own, bool overwrite, const char* hint) {
  std::error_code error;
  if (!fs::exists(path, error)) return;
  if (!fs::is_directory(path, error)) throw UsageError(path.string() + " is a file; --out names a directory");
  const bool empty = holds_nothing(path, error);
  NN_CHECK(!error, path.string(), ": cannot be read: ", error.message());
  if (empty) return;
  if (!overwrite) throw UsageError(path.string() + " is not empty: " + hint);
  check_replaceable(own);
}

void prepare_output(const fs::path& path, std::span<const OwnFile> own) {
  check_replaceable(own);
  std::error_code error;
  fs::create_directories(path, error);
  NN_CHECK(!error, path.string(), ": cannot be made: ", error.message());
  for (const OwnFile& file : own) {
    fs::remove(file.path, error);
    NN_CHECK(!error, file.path.string(), ": cannot be removed: ", error.message());
  }
}

}  // namespace apps
