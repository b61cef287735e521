// Which file, in which state: what tells a changed file from the one that was read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace io {

/// Of one state of a file. Holds no name: a path may name a patient.
struct FileIdentity {
  std::uint64_t path_hash[2];                   // XXH3, 128 bits, of the absolute path
  std::uint64_t size, inode;                    // bytes; the file system's number
  std::int64_t modified_ns, status_changed_ns;  // since 1970; the latter cannot be set by programs

  bool operator==(const FileIdentity&) const = default;
};

std::int64_t now_ns();  // since 1970

/// Nothing if the file is not there, or changed so shortly before `now` that its time could not tell the next change.
std::optional<FileIdentity> identify_file(const std::filesystem::path& path, std::int64_t now = now_ns());

}  // namespace io
