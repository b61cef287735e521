#include "apps/staged_output.h"

#include <system_error>

#include "apps/command.h"

namespace apps {
namespace fs = std::filesystem;
namespace {

/// One of the files, or what io::AtomicFile had not finished of it.
bool is_of(const std::string& name, std::span<const OwnFile> own) {
  for (const OwnFile& file : own) {
    const std::string own_name = file.path.filename().string();
    if (name == own_name || name.starts_with(own_name + ".partial-")) return true;
  }
  return false;
}

}  // namespace

StagedOutput::StagedOutput(const fs::path& out, std::span<const OwnFile> own) : own_(own), path_(out / folder) {
  remove_all();
  std::error_code error;
  fs::create_directory(path_, error);
  NN_CHECK(!error, path_.string(), ": cannot be made: ", error.message());
}

StagedOutput::~StagedOutput() {
  try {
    remove_all();
  } catch (...) {  // what cannot be removed stays, and the next program tries again
  }
}

void StagedOutput::commit() {
  check_replaceable(own_);
  for (const OwnFile& file : own_) {
    const fs::path staged = path_ / file.path.filename();
    std::error_code error;
    fs::exists(staged) ? fs::rename(staged, file.path, error) : static_cast<void>(fs::remove(file.path, error));
    NN_CHECK(!error, file.path.string(), ": cannot be replaced: ", error.message());
  }
  remove_all();
}

void StagedOutput::remove_all() {
  std::error_code error;
  if (!fs::is_directory(path_, error)) return;
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (!entry.is_regular_file() || !is_of(entry.path().filename().string(), own_)) {
      throw UsageError(path_.string() + ": holds what this command did not write; move it away");
    }
  }
  for (const auto& entry : fs::directory_iterator(path_)) fs::remove(entry.path());
  fs::remove(path_);
}

}  // namespace apps
