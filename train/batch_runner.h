// The same work on batch after batch: eagerly at first, then recorded once and replayed.
#pragma once

#include <functional>
#include <memory>

#include "nn/core/device_runtime.h"
#include "train/compute.h"
#include "train/data/batch.h"
#include "train/data/batch_uploader.h"

namespace train {

/// On a GPU the batches of one shape go through the same tensors. After two eager runs, in which plans are made and
/// memory is taken, the third records the work as a StepGraph, and from then on the graph is replayed. A batch of
/// another shape, the last of an epoch, runs eagerly and disturbs nothing. On the CPU every run is eager.
class BatchRunner {
 public:
  /// Kernels that read the batch and write tensors; no waiting, no reading from the device.
  using Work = std::function<void(const DeviceBatch& batch)>;
  enum class Ran { eagerly, recorded, replayed };

  explicit BatchRunner(const Compute& compute);

  /// Uploads the batch and queues the work on it. `work` is the same every time; it is not called for a replay.
  Ran run(const Batch& batch, const Work& work);
  /// The work has changed: it is recorded anew.
  void forget();

 private:
  bool fits(const Batch& batch) const;

  Compute compute_;
  BatchUploader uploader_;
  DeviceBatch fixed_;  // what the graph reads
  int eager_runs_ = 0;
  std::unique_ptr<nn::StepGraph> graph_;
};

}  // namespace train
