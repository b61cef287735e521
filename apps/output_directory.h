// --out: a directory for results, and the rule that nothing is overwritten by accident.
#pragma once

#include <filesystem>
#include <span>

namespace apps {

inline constexpr const char* overwrite_hint = "give --overwrite to replace what this command wrote before";

/// Throws UsageError with `hint` if `path` holds anything already, unless `overwrite`. Before long work.
void check_output(const std::filesystem::path& path, bool overwrite, const char* hint = overwrite_hint);

/// Makes `path` a directory for output; `own_files`, what the command itself writes, are removed if they are there, and
/// everything else is left. After check_output.
void prepare_output(const std::filesystem::path& path, std::span<const std::filesystem::path> own_files);

}  // namespace apps
