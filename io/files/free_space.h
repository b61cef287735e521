// Whether a disk has room for what is to be written: asked before long work, which would end in a full disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace io {

/// Bytes that this user may still write to `directory`, or to where it will be made. Nothing if nobody can tell.
std::optional<std::uint64_t> free_space(const std::filesystem::path& directory);

/// Throws nn::Error if less than `needed` bytes are free: "DIR: WHAT needs 12 MB, the disk has 3 MB".
void check_free_space(const std::filesystem::path& directory, std::uint64_t needed, std::string_view what);

}  // namespace io
