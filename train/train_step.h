// One step of training: forward, loss, backward, clip, update.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nn/autograd/tape.h"
#include "nn/layers/module.h"
#include "nn/layers/parameter_buffers.h"
#include "train/data/loader.h"
#include "train/evaluation/metrics.h"
#include "train/fine_tuning.h"
#include "train/optimizer.h"

namespace train {

struct StepResult {
  double loss = 0;  // of the batch, before the update
  StepOutcome update;
};

/// Owns what training adds to a network: flat buffers, optimizer, random state.
class TrainStep {
 public:
  /// Rebinds the network's parameters into flat buffers on `device`. `label_weights` weigh the loss
  /// (challenge_weights). Without `fine_tuning` everything learns alike.
  TrainStep(nn::Module& network, const OptimizerOptions& options, const Probabilities& label_weights,
            std::uint64_t seed, nn::Device device = nn::Device::cpu, const std::optional<FineTuning>& fine_tuning = {});

  /// Step number `step` of the whole training, from 0: dropout draws from (seed, step). If the gradient is not finite,
  /// nothing changes: neither parameters and moments nor running statistics.
  StepResult run(const Batch& batch, double learning_rate, std::int64_t step);

  /// From the next step on, the backbone learns or not. Needs `fine_tuning`.
  void set_backbone_frozen(bool frozen);

  const Optimizer& optimizer() const { return optimizer_; }

 private:
  void set_random_step(std::int64_t step);
  void save_running_statistics();
  void restore_running_statistics();

  nn::Module& network_;
  nn::Device device_;
  bool frozen_batch_norm_;
  nn::ParameterBuffers buffers_;
  Optimizer optimizer_;
  nn::Tensor label_weights_;  // {1,1,1,6}
  std::uint64_t seed_;
  nn::Tensor random_state_;  // {1,1,1,4} i32, see nn/layers/context.h
  std::vector<nn::NamedBuffer> running_;
  std::vector<nn::Tensor> running_before_;
  nn::Tape tape_;
};

}  // namespace train
