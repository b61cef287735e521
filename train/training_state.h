// Where a training run stands, besides the tensors: what must be known to go on as if it had never stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "train/history.h"

namespace train {

struct TrainingState {
  int epoch = 0;                      // epochs completed
  std::int64_t step = 0;              // steps done of the current epoch; all of them: only its validation is left
  double loss_sum = 0;                // over the images of the current epoch's steps
  std::int64_t images = 0;            // of these steps
  double seconds = 0;                 // spent in the current epoch
  int best_epoch = 0;                 // from 1; 0: none yet
  std::optional<double> best_loss{};  // validation loss of the best epoch
  std::vector<HistoryRow> history{};  // of the completed epochs

  /// Epochs since the best one.
  int epochs_without_improvement() const { return epoch - best_epoch; }
};

std::string to_json(const TrainingState& state);
/// Throws nn::Error for anything but what to_json writes.
TrainingState training_state_from_json(const std::string& json);

}  // namespace train
