// Run directories as falx train leaves them, without training: predictions come from a formula.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/files/atomic_file.h"
#include "nn/core/philox.h"
#include "tests/train/tiny_network.h"
#include "train/config.h"
#include "train/data/split.h"
#include "train/evaluation/metrics.h"
#include "train/evaluation/predictions.h"
#include "train/model_file.h"
#include "train/run_directory.h"
#include "train/validation.h"

namespace test {

struct MadeUpRun {
  train::TrainConfig config = {};
  int folds = 2;           // of the split; fold config.fold is left out
  int split_shift = 0;     // another one is another split
  double skill = 1;        // how much of the truth the predictions see
  std::uint64_t seed = 1;  // of their noise
  std::string data = "data";
  std::function<void(train::Prediction&)> change = [](train::Prediction&) {};
};

inline constexpr int made_up_patients = 6, images_each = 5;

inline std::string made_up_patient(int number) { return nn::message("patient", number); }

inline train::Split made_up_split(const MadeUpRun& run) {
  train::Split split{.folds = run.folds, .fold_of_patient = {}};
  for (int k = 0; k < made_up_patients; ++k) {
    split.fold_of_patient[made_up_patient(k)] = (k + run.split_shift) % run.folds;
  }
  return split;
}

/// Every second image bleeds: any and subdural.
inline train::Prediction made_up_prediction(const MadeUpRun& run, int patient, int image) {
  train::Prediction row;
  row.image = nn::message("image", patient, '-', image);
  row.patient = made_up_patient(patient);
  nn::Random random(run.seed, 0, static_cast<std::uint64_t>(patient * 100 + image));
  train::ImageLabels labels;
  for (std::size_t i = 0; i < row.logit.size(); ++i) {
    const bool bleeds = image % 2 == 0 && (i == 0 || i == 5);
    labels.known[i] = true;
    labels.value[i] = bleeds ? 1.0F : 0.0F;
    row.logit[i] = run.skill * (bleeds ? 2 : -2) + static_cast<double>(random.normal());
  }
  row.labels = labels;
  row.probability = train::sigmoid(row.logit);
  return row;
}

inline void write_made_up_run(const std::filesystem::path& path, const MadeUpRun& run) {
  const train::RunDirectory directory{path};
  std::filesystem::create_directories(path);
  const train::Split split = made_up_split(run);
  std::vector<train::Prediction> rows;
  std::vector<train::Probabilities> probabilities;
  std::vector<train::ImageLabels> labels;
  for (int k = 0; k < made_up_patients; ++k) {
    if (split.fold_of(made_up_patient(k)) != run.config.fold) continue;
    for (int i = 0; i < images_each; ++i) {
      rows.push_back(made_up_prediction(run, k, i));
      run.change(rows.back());
      probabilities.push_back(rows.back().probability);
      labels.push_back(*rows.back().labels);
    }
  }
  io::write_file_atomically(directory.config(), train::to_json(run.config));
  train::write_split(directory.split(), split);
  train::write_validation_predictions(directory.predictions(), rows);
  test::TinyNetwork network;
  train::ModelDescription description;
  description.architecture = run.config.model;
  description.data_hash = run.data + std::to_string(run.config.fold);
  description.split_hash = train::split_hash(split);
  description.class_prior = train::prevalence(labels);
  description.weighted_log_loss = train::score(probabilities, labels).weighted_log_loss;
  description.program_version = "test";
  train::write_model(directory.model(), description, network);
  io::write_file_atomically(directory.report(), "<html></html>");
}

}  // namespace test
