// What `falx train` can be told.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "apps/cache_options.h"
#include "apps/command.h"
#include "train/config.h"
#include "train/data/pseudonym.h"

namespace apps {

struct TrainOptions {
  train::TrainConfig config;
  std::filesystem::path out, config_file;
  std::string id_key{train::default_id_key};
  bool resume = false, overwrite = false;
  CacheOptions cache;
  CommonOptions common;
  /// The options that were typed, by their long names.
  std::set<std::string> given;
};

void add_train_options(CLI::App& command, TrainOptions& options);

}  // namespace apps
