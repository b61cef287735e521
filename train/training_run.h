// One run of `falx train` without its command line: data, split, network, training, and the files of the run directory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/cpu/choice/conv_table.h"
#include "train/config.h"
#include "train/conv_choices.h"
#include "train/data/dataset.h"
#include "train/data_parts.h"
#include "train/initial_weights.h"
#include "train/run_directory.h"
#include "train/trainer.h"

namespace train {

class TrainingRun {
 public:
  /// Reads weights and data and splits the data; writes nothing yet. `config` is resolved; `id_key` makes pseudonyms.
  /// Throws nn::Error for data that cannot be trained on, for weights that do not fit, and for a run to go on with that
  /// has a history or a model but no checkpoint.
  TrainingRun(TrainConfig config, RunDirectory directory, std::string id_key = std::string(default_id_key),
              const DatasetProgress& loading = {}, Start start = Start::from_checkpoint,
              const DiskCacheOptions& disk_cache = {});
  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;
  ~TrainingRun();

  /// Goes on from last.safetensors unless the run starts anew, and trains; writes all files of the run directory, which
  /// exists, but the report. Throws nn::Error, with nothing written, for a checkpoint that does not belong to this run.
  Ended train(TrainingObserver& observer, const Trainer::StopRequested& stop_requested);

  const TrainConfig& config() const { return config_; }
  const Dataset& dataset() const { return dataset_; }
  const DataParts& parts() const { return parts_; }
  const Preprocessing& preprocessing() const { return preprocessing_; }
  const Probabilities& class_prior() const { return class_prior_; }
  const std::vector<HistoryRow>& history() const { return history_; }
  int best_epoch() const { return best_epoch_; }
  SliceCache& cache() { return cache_; }
  /// The pretrained weights that were loaded, in a line; empty if none were.
  const std::string& weights_loaded() const { return weights_loaded_; }
  /// By which algorithms convolutions run, if --conv is tune (known as soon as the first step begins) or a file.
  const std::optional<ConvChoices>& conv_choices() const { return conv_choices_; }
  /// Lines that the user should read: "not split by patient", labels without images.
  std::vector<std::string> warnings() const;

 private:
  std::unique_ptr<nn::Module> make_network();
  TrainerOptions trainer_options() const;
  std::optional<ConvChoices> tuned_choices(TrainingObserver& observer, const Trainer::StopRequested& stop_requested);
  bool choose_algorithms(TrainingObserver& observer, const Trainer::StopRequested& stop_requested);
  std::vector<ImageLabels> labels_of(const std::vector<std::size_t>& images) const;
  void write_tables() const;
  void keep_best(const HistoryRow& row, const ValidationResult& result);
  void write_predictions(const ValidationResult& result) const;

  TrainConfig config_;
  const Compute compute_;  // first: a device that is not there should not cost the wait for the data
  const RunDirectory directory_;
  const std::string id_key_;
  const Start start_;
  std::optional<ConvChoices> conv_choices_;
  std::optional<nn::cpu::ConvTableInForce> conv_in_force_;
  InitialWeights weights_;
  SliceCache cache_;
  Dataset dataset_;
  DataParts parts_;
  Preprocessing preprocessing_;
  Probabilities class_prior_ = {};
  std::string weights_loaded_;
  std::unique_ptr<nn::Module> network_;
  std::vector<HistoryRow> history_;
  int best_epoch_ = 0;
};

}  // namespace train
