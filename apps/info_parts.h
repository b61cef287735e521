// What falx info says of files of each kind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/facts.h"
#include "train/data/preprocessing.h"
#include "train/model_file.h"
#include "train/run_directory.h"

namespace apps {

/// "40/80, 80/200": centre and width.
std::string window_list(const std::vector<io::GreyWindow>& windows);

/// A model's description in three parts: what it is, what it scored, and of what exactly.
void add_model(Facts& facts, const train::ModelDescription& description);
void add_scores(Facts& facts, const train::ModelDescription& description);
void add_hashes(Facts& facts, const train::ModelDescription& description);

/// A model or a checkpoint of falx train, or weights of others (.safetensors, Keras .h5).
Facts describe_weights(const std::filesystem::path& path);
Facts describe_run(const train::RunDirectory& run);
Facts describe_ensemble(const std::filesystem::path& path);

}  // namespace apps
