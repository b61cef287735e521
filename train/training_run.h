// One run of `falx train` without its command line: data, split, network, training, and the files of the run directory.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "train/config.h"
#include "train/dataset.h"
#include "train/run_directory.h"
#include "train/split.h"
#include "train/trainer.h"

namespace train {

/// The two parts of a data set: indices into Dataset::images.
struct DataParts {
  Split split;
  std::vector<std::size_t> training, validation;
};

/// Splits the labelled images by patient as the options say, and checks that nothing leaks.
DataParts split_dataset(const Dataset& dataset, const TrainConfig& config, std::string_view id_key);

class TrainingRun {
 public:
  /// Reads the data and splits it; writes nothing yet. `config` is resolved; `id_key` makes pseudonyms. Throws
  /// nn::Error for data that cannot be trained on.
  TrainingRun(TrainConfig config, RunDirectory directory, std::string id_key = std::string(default_id_key),
              const DatasetProgress& loading = {});
  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;
  ~TrainingRun();

  /// Goes on from last.safetensors if there is one, and trains; writes all files of the run directory, which exists,
  /// but the report. Throws nn::Error, with nothing written, for a checkpoint that does not belong to this run.
  Ended train(TrainingObserver& observer, const Trainer::StopRequested& stop_requested);

  const TrainConfig& config() const { return config_; }
  const Dataset& dataset() const { return dataset_; }
  const DataParts& parts() const { return parts_; }
  const Preprocessing& preprocessing() const { return preprocessing_; }
  const Probabilities& class_prior() const { return class_prior_; }
  const std::vector<HistoryRow>& history() const { return history_; }
  int best_epoch() const { return best_epoch_; }
  SliceCache& cache() { return cache_; }
  /// Lines that the user should read: "not split by patient", labels without images.
  std::vector<std::string> warnings() const;

 private:
  std::vector<ImageLabels> labels_of(const std::vector<std::size_t>& images) const;
  void write_tables() const;
  void keep_best(nn::Module& network, const HistoryRow& row, const ValidationResult& result);
  void write_predictions(const ValidationResult& result) const;

  const TrainConfig config_;
  const RunDirectory directory_;
  const std::string id_key_;
  SliceCache cache_;
  Dataset dataset_;
  DataParts parts_;
  Preprocessing preprocessing_;
  Probabilities class_prior_ = {};
  std::vector<HistoryRow> history_;
  int best_epoch_ = 0;
};

}  // namespace train
