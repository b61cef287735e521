// --out: a directory for results, and the rule that nothing is overwritten by accident.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace apps {

inline constexpr const char* overwrite_hint = "give --overwrite to replace what this command wrote before";

/// A file that a command writes, and by what it knows one of its own: text that a table (.csv) begins with, and that
/// stands somewhere near the beginning of any other file.
struct OwnFile {
  std::filesystem::path path;
  std::string mark;
};

/// Throws UsageError with `hint` if `path` holds anything already (but for what StagedOutput was killed over), unless
/// `overwrite`; and then for a file of the name of one of `own` that bears another mark. Before long work.
void check_output(const std::filesystem::path& path, std::span<const OwnFile> own, bool overwrite,
                  const char* hint = overwrite_hint);

/// Makes `path` a directory for output; of `own` is removed what is there, and everything else is left. Throws as
/// check_output does. After check_output.
void prepare_output(const std::filesystem::path& path, std::span<const OwnFile> own);

/// Throws UsageError if one of the files is there and is not what the command writes.
void check_replaceable(std::span<const OwnFile> own);

}  // namespace apps
