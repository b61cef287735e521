// An ensemble on disk: ensemble.json, and copies of the members' models beside it. The directory can be moved.
//
//   ENSEMBLE/ensemble.json
//   ENSEMBLE/members/cnn.safetensors              a member of one model
//   ENSEMBLE/members/densenet121-fold0.safetensors, ...
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "train/ensemble/ensemble.h"

namespace train {

struct EnsembleDirectory {
  std::filesystem::path path;

  std::filesystem::path description() const { return path / "ensemble.json"; }
  std::filesystem::path members() const { return path / "members"; }
};

/// Larger numbers mean that an old program would misread the file; keys may be added without.
inline constexpr int ensemble_format = 1;

/// Copies the models (ModelFile::path says from where) and writes ensemble.json, last: rule, test-time augmentation,
/// label order, and of each member its name, weights per label, validation score, and the files with their SHA-256.
/// The directory is there, and holds neither ensemble.json nor members. If anything fails, nothing of it remains.
void write_ensemble(const EnsembleDirectory& directory, const Ensemble& ensemble);

/// The models in members/ of an ensemble that is there or not; ensemble.json names them. Throws nn::Error in one line
/// if members/ holds anything else.
std::vector<std::filesystem::path> member_files(const EnsembleDirectory& directory);

/// True for a directory that holds ensemble.json.
bool is_ensemble(const std::filesystem::path& path);

/// Reads and checks it all. Throws nn::Error in one line: a member's file that is missing or whose SHA-256 is not the
/// one in ensemble.json, a newer format, other labels, weights that do not fit.
Ensemble read_ensemble(const std::filesystem::path& path);

}  // namespace train
