// Results that appear together: written into a folder inside --out, and moved to their places when all are whole.
#pragma once

#include <filesystem>
#include <span>

#include "apps/output_directory.h"

namespace apps {

class StagedOutput {
 public:
  static constexpr const char* folder = ".falx-unfinished";

  /// Makes the folder for `own`, the files that the command writes directly into `out`, which exists. One that a killed
  /// program left is emptied of them; throws UsageError if it holds anything else.
  StagedOutput(const std::filesystem::path& out, std::span<const OwnFile> own);
  StagedOutput(const StagedOutput&) = delete;
  StagedOutput& operator=(const StagedOutput&) = delete;
  /// Removes what was written, unless it was moved.
  ~StagedOutput();

  const std::filesystem::path& path() const { return path_; }
  /// Moves the files to their places in `out`; one of an earlier run that was not written now is removed.
  void commit();

 private:
  void remove_all();

  std::span<const OwnFile> own_;
  std::filesystem::path path_;
};

}  // namespace apps
