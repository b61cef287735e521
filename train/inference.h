// A network's answers to batches, without learning.
#pragma once

#include "nn/layers/module.h"
#include "train/batch_runner.h"
#include "train/result_queue.h"

namespace train {

/// The network's answer to one input {n,h,w,c} f32, both on the CPU, by way of the device that the network is on.
nn::Tensor infer(nn::Module& network, const nn::Tensor& input, const Compute& compute);
/// Moves the network to where it computes, in the types it computes with; what is there already stays.
void move_to(const Compute& compute, nn::Module& network);

/// On a GPU start() queues a forward pass, recorded and replayed (batch_runner.h), and finish() reads an older one.
class Inference {
 public:
  /// Moves the network, which must outlive this, to `compute`.
  Inference(nn::Module& network, const Compute& compute);

  void start(const Batch& batch);
  /// The logits of the oldest batch that was started and not finished: f32 {n,1,1,c} on the CPU.
  nn::Tensor finish() { return results_.pop(); }
  std::size_t unfinished() const { return results_.size(); }
  /// Whether finish() comes before the next start().
  bool should_finish() const { return unfinished() > most_waiting_; }

 private:
  nn::Module& network_;
  std::size_t most_waiting_;
  BatchRunner runner_;
  nn::Tensor recorded_;  // where the graph writes its logits
  ResultQueue results_;
};

}  // namespace train
