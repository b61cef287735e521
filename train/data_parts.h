// Which images of a run's data set it learns from, and which it checks itself with.
#pragma once

#include <string_view>
#include <vector>

#include "train/config.h"
#include "train/data/dataset.h"
#include "train/data/split.h"

namespace train {

/// The two parts of a data set: indices into Dataset::images.
struct DataParts {
  Split split;
  std::vector<std::size_t> training, validation;
};

/// Throws nn::Error if the table of --split has no fold --fold.
void check_fold(const Split& split, const TrainConfig& config);

/// Splits the labelled images by patient as the options say, and checks that nothing leaks.
DataParts split_dataset(const Dataset& dataset, const TrainConfig& config, std::string_view id_key);

}  // namespace train
