#include "apps/cache_options.h"

#include <CLI/CLI.hpp>

#include "apps/command.h"

namespace apps {

void add_cache(CLI::App& command, CacheOptions& options) {
  command.add_option("--cache", options.directory,
                     "Keeps decoded pixels of compressed files for later runs: a directory, or none "
                     "(default: falx/slices in $XDG_CACHE_HOME or ~/.cache)");
  command
      .add_option("--cache-size", options.gigabytes,
                  "Gigabytes that it may take (default: half of the free space, at most 100)")
      ->check(from_to(0.001, 1'000'000));
}

train::DiskCacheOptions disk_cache(const CacheOptions& options) {
  if (options.directory == "none") return {};
  train::DiskCacheOptions disk{.directory = {}, .capacity = static_cast<std::uint64_t>(options.gigabytes * 1e9)};
  disk.directory =
      options.directory.empty() ? train::usual_cache_directory() : std::filesystem::path(options.directory);
  return disk;
}

}  // namespace apps
