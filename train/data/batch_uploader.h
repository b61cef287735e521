// Batches on their way to the network's device, beside the step that is running there.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "nn/core/device.h"
#include "nn/core/dtype.h"
#include "train/data/batch.h"

namespace train {

/// Brings one batch after the other to a device and makes its input there:
///
///   BatchUploader uploader(device, nn::DType::bf16);
///   while (auto batch = loader.next()) step.run(uploader.upload(*batch));   // the host need not wait for a step
///
/// On a GPU the raw slices go up by the copy engine while the kernels queued before still run; then one nn::ct_input
/// (one for each run of slice sizes) is queued. What was uploaded lies in one of two landing places, whose next but one
/// batch waits until it has been read. On the CPU nothing is copied unless asked for: the loader's workers have made
/// the input already, or make_input does.
class BatchUploader {
 public:
  /// `input` is the dtype of the input: f32, or on a GPU bf16.
  explicit BatchUploader(nn::Device device, nn::DType input = nn::DType::f32);
  ~BatchUploader();
  BatchUploader(const BatchUploader&) = delete;
  BatchUploader& operator=(const BatchUploader&) = delete;

  /// In tensors of its own; on the CPU the batch's. Kernels queued from now on see it, the host does not wait.
  DeviceBatch upload(const Batch& batch);
  /// Into given tensors, for a step that was captured with them. The input may have any pitch; it is overwritten in
  /// order with the kernels: those queued before still see the batch before.
  void upload(const Batch& batch, const DeviceBatch& to);

 private:
  struct Landing;
  void upload_to_cpu(const Batch& batch, const DeviceBatch& to) const;

  nn::Device device_;
  nn::DType input_;
  std::array<std::unique_ptr<Landing>, 2> landings_;  // empty on the CPU
  std::size_t next_ = 0;
};

}  // namespace train
