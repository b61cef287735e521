// Batch normalisation with running statistics and, fused, ReLU.
#pragma once

#include <cstdint>

#include "nn/layers/module.h"
#include "nn/ops/batch_norm.h"

namespace nn {

/// relu?(weight (x - mean) / sqrt(variance + epsilon) + bias), per channel. In training mean and variance are those of
/// the batch, and the running statistics move towards them; otherwise, and in training with context.frozen_batch_norm,
/// they are the running statistics.
/// Parameters: weight, bias {1,1,1,c}; buffers: running_mean, running_var {1,1,1,c}. (PyTorch's num_batches_tracked is
/// not kept: with a fixed momentum nothing depends on it.)
class BatchNorm2d : public Module {
 public:
  struct Options {
    double epsilon = 1e-5;
    double momentum = 0.1;  // the new batch's share in the running statistics
    bool relu = false;
  };
  explicit BatchNorm2d(std::int64_t channels);
  BatchNorm2d(std::int64_t channels, Options options);

  const char* kind() const override { return "BatchNorm2d"; }

  /// Batch norm of an x whose statistics were computed when it was produced; see normalization().
  Variable with_statistics(const Variable& x, const ChannelStatistics& of_batch, const Context& context);
  /// What normalises x: `of_batch`, the statistics of x, and the running statistics move towards them; or the running
  /// ones, as the context says, and `of_batch` is ignored.
  Normalization normalization(const Variable& x, const ChannelStatistics& of_batch, const Context& context);

 protected:
  Variable forward(const Variable& x, const Context& context) override;

 private:
  Variable normalized(const Variable& x, const ChannelStatistics& of_batch, const Context& context);

  Options options_;
  Parameter &weight_, &bias_;
  Tensor &running_mean_, &running_variance_;
};

}  // namespace nn
