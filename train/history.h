// history.csv: one row an epoch.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/labels.h"

namespace train {

struct HistoryRow {
  int epoch = 0;               // from 1
  double train_loss = 0;       // the loss that was minimised, mean over the epoch
  double validation_loss = 0;  // the same loss on the validation part
  double weighted_log_loss = 0;
  double class_prior = 0;  // the weighted log loss of the training part's prevalence on the validation part
  std::array<std::optional<double>, io::label_count> auc = {};
  double learning_rate = 0;  // at the epoch's end
  double images_per_second = 0;
  double seconds = 0;  // of this epoch
};

/// Writes all rows, atomically: `epoch,train_loss,validation_loss,weighted_log_loss,class_prior,auc_any,...,
/// learning_rate,images_per_second,seconds`. A number that does not exist (not finite, no AUC) stands empty.
void write_history(const std::filesystem::path& path, std::span<const HistoryRow> rows);
std::vector<HistoryRow> read_history(const std::filesystem::path& path);

/// The row as one JSON object with the table's columns (--json); what does not exist is null. No line end.
std::string history_json(const HistoryRow& row);

}  // namespace train
