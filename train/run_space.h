// How much disk a training run takes.
#pragma once

#include <cstdint>

#include "train/config.h"
#include "train/run_directory.h"

namespace train {

/// The largest files of a run, in bytes.
struct RunSpace {
  std::uint64_t model = 0, checkpoint = 0;

  /// With the new file beside the old one, as files are replaced.
  std::uint64_t at_most() const { return model + checkpoint + (model > checkpoint ? model : checkpoint); }
};

/// From the network's tensors and the optimizer's. `config` is resolved.
RunSpace run_space(const TrainConfig& config);

/// Throws nn::Error if the disk has no room for the run; what it wrote before is room. Before data are read: a full
/// disk should not cost the wait for them, nor an epoch.
void check_run_space(const TrainConfig& config, const RunDirectory& run);

}  // namespace train
