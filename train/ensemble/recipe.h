// Which runs make one member: the folds of one recipe of training, or a single run.
#pragma once

#include <string>
#include <vector>

#include "train/ensemble/finished_run.h"

namespace train {

struct Recipe {
  std::string name;               // of the member
  std::vector<FinishedRun> runs;  // one, or every fold, by fold

  /// "RUN", or "fold 0 (RUN0), fold 1 (RUN1)": for messages.
  std::string description() const;
};

/// Puts together the runs whose configurations are equal up to --fold, --threads, --checkpoint-minutes, and --device,
/// --conv and --recompute, which change numbers by rounding alone, in the order of their first runs. A recipe's name is
/// its run directory's, of several runs what their names have in common before the number ("cnn" of cnn-0, cnn-1; of
/// cnn/fold0, cnn/fold1 too). Throws nn::Error if the runs of a recipe are not all of its folds, each once, by one
/// split (a single run alone is what it left out), and if two recipes have one name.
std::vector<Recipe> group_by_recipe(std::vector<FinishedRun> runs);

}  // namespace train
