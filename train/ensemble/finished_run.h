// What a run directory says of images that its network did not train on, after checking that its files belong together.
#pragma once

#include <filesystem>
#include <vector>

#include "train/config.h"
#include "train/data/split.h"
#include "train/evaluation/predictions.h"
#include "train/model_file.h"
#include "train/run_directory.h"

namespace train {

struct FinishedRun {
  RunDirectory directory;
  TrainConfig config;
  ModelDescription model;
  Split split;
  std::vector<Prediction> validation;  // out-of-fold predictions, with labels

  /// The fold that did not take part in training.
  int fold() const { return config.fold; }
  std::string name() const { return directory.path.string(); }
};

/// Reads config.json, model.safetensors (its description), split.csv and predictions.csv. Throws nn::Error in one line
/// - for a file that is missing: the directory is half deleted, or no run;
/// - if split.csv is not the one that the model was trained with (its SHA-256 is stored in the model);
/// - if predictions.csv holds an image of a patient who, by split.csv, is in the training part, or who is not in it;
/// - if predictions.csv does not give the score that the model file states: it is of another model; or if its
///   probabilities are not those of its logits.
FinishedRun read_finished_run(const std::filesystem::path& directory);

}  // namespace train
