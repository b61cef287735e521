// last.safetensors: everything needed to go on bit for bit.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "nn/layers/module.h"
#include "train/optimizer.h"
#include "train/pretrained/weight_origin.h"
#include "train/training_state.h"

namespace train {

/// What a checkpoint belongs to; all of it must agree to resume.
struct CheckpointIdentity {
  std::string architecture;
  std::string data_hash, split_hash;  // of all labelled images, of both parts, and of split.csv
  std::optional<WeightOrigin> pretrained{};
};

/// Writes network (`network.`), optimizer (`optimizer.`) and state, atomically.
void write_checkpoint(const std::filesystem::path& path, const CheckpointIdentity& identity, nn::Module& network,
                      const Optimizer& optimizer, const TrainingState& state);

/// Reads them back into `network` and `optimizer`. Throws nn::Error in one line that names the file: no checkpoint, a
/// newer version, another architecture (listing what differs), other training data, another optimizer, damage. Network
/// and optimizer are untouched unless everything fits.
TrainingState read_checkpoint(const std::filesystem::path& path, const CheckpointIdentity& identity,
                              nn::Module& network, const Optimizer& optimizer);

/// Where the run's first weights came from; nothing if they were random. Throws nn::Error as read_checkpoint does.
std::optional<WeightOrigin> read_checkpoint_origin(const std::filesystem::path& path);

}  // namespace train
