// The files of the cache on disk: listing, writing, clearing up. Part of train/data/disk_cache.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "train/data/cache_entry.h"

namespace train {

struct CacheFile {
  std::filesystem::path path;
  std::uint64_t bytes;
  std::filesystem::file_time_type used;
};

/// All entries, and what is being written, and nothing else that lies there. Nothing if the folder cannot be read.
std::vector<CacheFile> list_cache_files(const std::filesystem::path& directory);

/// Removes what was begun an hour ago or longer: its writer was killed.
void remove_abandoned_files(const std::filesystem::path& directory);

/// Writes an entry under `name`, whole or not at all; makes the folders that are missing, readable by this user alone.
/// Returns 0 or the system's error number.
int write_cache_file(const std::filesystem::path& directory, const std::string& name, const CacheHeader& header,
                     const DecodedImage& image);

}  // namespace train
