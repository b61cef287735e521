// The training loop: epochs of steps, a validation after each, the best model kept, checkpoints to go on from.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <vector>

#include "nn/layers/module.h"
#include "train/checkpoint.h"
#include "train/data/loader.h"
#include "train/model_file.h"
#include "train/schedule.h"
#include "train/train_step.h"
#include "train/training_state.h"
#include "train/tune_convolutions.h"
#include "train/validation.h"

namespace train {

struct TrainerOptions {
  int epochs = 10;
  ScheduleOptions schedule;
  OptimizerOptions optimizer;
  std::optional<FineTuning> fine_tuning{};  // absent: everything learns alike
  Probabilities label_weights = challenge_weights;
  int patience = 0;                // epochs without a better validation loss after which training ends; 0: never
  int max_skipped = 10;            // updates skipped in a row (gradients not finite) after which training fails
  double checkpoint_minutes = 10;  // between checkpoints within an epoch; 0: none; one is written after every epoch
  std::uint64_t seed = 0;          // of dropout
  Compute compute{};
};

/// Told what happens; for progress bars and logs. The default is silence.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  /// --conv tune, before the first step: `done` of `total` passes of convolutions are timed.
  virtual void timed_convolutions(std::int64_t /*done*/, std::int64_t /*total*/) {}
  virtual void tuned_convolutions(const TunedConvolutions& /*tuned*/) {}
  /// `done` of `total` images of epoch `epoch` (from 1). `loss` is the epoch's mean so far.
  virtual void trained(int /*epoch*/, std::int64_t /*done*/, std::int64_t /*total*/, double /*loss*/) {}
  virtual void validated(int /*epoch*/, std::int64_t /*done*/, std::int64_t /*total*/) {}
  virtual void finished_epoch(const HistoryRow& /*row*/, bool /*best_so_far*/) {}
  virtual void skipped_update(int /*epoch*/, std::int64_t /*step*/) {}
};

/// Files that the trainer writes.
struct TrainerFiles {
  std::filesystem::path checkpoint;  // last.safetensors
  std::filesystem::path history;     // history.csv
};

enum class Ended { all_epochs, early, interrupted };

/// Predictions on the validation part; logits in the order of the validation loader.
struct ValidationResult {
  std::vector<Probabilities> logits, probabilities;
  Scores scores;
  double loss = 0;
};

class Trainer {
 public:
  struct Parts {
    nn::Module& network;
    Loader& training;
    Loader& validation;
    std::vector<ImageLabels> validation_labels;  // in the order of the validation loader
    Probabilities class_prior;                   // of the training part
    CheckpointIdentity identity;
    TrainerFiles files;
  };
  /// Called when an epoch's validation loss is the best so far, before the checkpoint: writes model and predictions.
  using KeepBest = std::function<void(const HistoryRow& row, const ValidationResult& result)>;
  /// True as soon as training should end: the step is finished and a checkpoint written.
  using StopRequested = std::function<bool()>;

  Trainer(Parts parts, TrainerOptions options);

  /// Goes on from files.checkpoint if it exists: same weights, same next step.
  void resume();
  /// Trains until all epochs are done, validation has not improved for `patience` epochs, or a stop is requested.
  /// Throws nn::Error if too many updates in a row were not finite: the last checkpoint stays as it was.
  Ended run(TrainingObserver& observer, const KeepBest& keep_best, const StopRequested& stop_requested);

  const TrainingState& state() const { return state_; }

 private:
  bool train_epoch(TrainingObserver& observer, const StopRequested& stop_requested);
  void finish_step(TrainingObserver& observer);
  void finish_all_steps(TrainingObserver& observer);
  std::optional<ValidationResult> validate(TrainingObserver& observer, const StopRequested& stop_requested);
  void finish_epoch(const ValidationResult& result, TrainingObserver& observer, const KeepBest& keep_best);
  HistoryRow history_row(const ValidationResult& result) const;
  bool ended_early() const;
  std::int64_t steps_before() const;
  std::int64_t steps_started() const;
  double learning_rate(std::int64_t step_in_epoch) const;
  void write_checkpoint();

  using Clock = std::chrono::steady_clock;
  void take_time();

  Parts parts_;
  TrainerOptions options_;
  TrainStep step_;
  Inference inference_;  // after step_, which moves the network to its device
  TrainingState state_;
  Clock::time_point last_checkpoint_ = Clock::now(), last_time_ = Clock::now();
};

}  // namespace train
