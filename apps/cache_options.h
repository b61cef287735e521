// --cache and --cache-size: where decoded slices are kept between runs.
#pragma once

#include <string>

#include "train/data/disk_cache.h"

namespace CLI {
class App;
}

namespace apps {

struct CacheOptions {
  std::string directory;  // empty: the usual one; "none": no cache
  double gigabytes = 0;   // 0: by free space
};
void add_cache(CLI::App& command, CacheOptions& options);

train::DiskCacheOptions disk_cache(const CacheOptions& options);

}  // namespace apps
