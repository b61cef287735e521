// One step of training: forward, loss, backward, clip, update.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "nn/autograd/tape.h"
#include "nn/layers/module.h"
#include "nn/layers/parameter_buffers.h"
#include "train/batch_runner.h"
#include "train/compute.h"
#include "train/evaluation/metrics.h"
#include "train/fine_tuning.h"
#include "train/optimizer.h"
#include "train/result_queue.h"
#include "train/running_statistics.h"

namespace train {

struct StepResult {
  double loss = 0;  // of the batch, before the update
  StepOutcome update;
  std::int64_t images = 0;  // of the batch
};

/// Owns what training adds to a network: flat buffers, optimizer, random state.
///
/// On a GPU a step is queued by start() and read by finish(), best a step later: while the device is at one step the
/// host brings the next. All of a step but its input and three numbers is recorded once and replayed (batch_runner.h).
class TrainStep {
 public:
  /// Rebinds the network's parameters into flat buffers on `compute.device`. `label_weights` weigh the loss
  /// (challenge_weights). Without `fine_tuning` everything learns alike.
  TrainStep(nn::Module& network, const OptimizerOptions& options, const Probabilities& label_weights,
            std::uint64_t seed, const Compute& compute = {}, const std::optional<FineTuning>& fine_tuning = {});

  /// Queues step number `step` of the whole training, from 0: dropout draws from (seed, step). If the gradient is not
  /// finite, nothing changes: neither parameters and moments nor running statistics. On the CPU it is done at once.
  void start(const Batch& batch, double learning_rate, std::int64_t step);
  /// The result of the oldest step that was started and not finished; waits for it.
  StepResult finish();
  std::size_t unfinished() const { return results_.size(); }
  /// Whether finish() comes before the next start(): a GPU may have one more step waiting than it is at.
  bool should_finish() const { return unfinished() > most_waiting_; }

  /// Both at once.
  StepResult run(const Batch& batch, double learning_rate, std::int64_t step);

  /// From the next step on, the backbone learns or not. Needs `fine_tuning`.
  void set_backbone_frozen(bool frozen);

  const Optimizer& optimizer() const { return optimizer_; }

 private:
  /// What the host tells a step besides its batch. A copy to the device may be waiting while the next is written.
  struct Numbers {
    nn::Tensor learning_rate;  // {1,1,1,1} f64
    nn::Tensor random_state;   // {1,1,1,4} i32
  };
  void send_numbers(double learning_rate, std::int64_t step);
  void compute(const DeviceBatch& batch);

  nn::Module& network_;
  Compute compute_;
  std::size_t most_waiting_;  // steps that are started and not finished, between two calls of start()
  bool frozen_batch_norm_;
  nn::ParameterBuffers buffers_;
  Optimizer optimizer_;
  RunningStatistics running_;
  nn::Tensor label_weights_;  // {1,1,1,6}
  std::uint64_t seed_;
  std::array<Numbers, 2> numbers_;  // in page-locked memory, taken in turn
  std::size_t next_numbers_ = 0;
  nn::Tensor random_state_;  // {1,1,1,4} i32, see nn/layers/context.h
  nn::Tensor result_;        // {1,1,1,1 + step_state::size} f64: loss and step state
  nn::Tape tape_;
  BatchRunner runner_;
  ResultQueue results_;
  std::deque<std::int64_t> images_;  // of the batches that results_ belong to
};

}  // namespace train
