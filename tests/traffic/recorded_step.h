// What one step of a network moves on a GPU, kernel by kernel, told by the backend's own code: the networks, the ops,
// the optimizer and cuda/conv/conv.cpp run as they do on a GPU, on full-size tensors of a device that notes calls down
// instead of computing them and whose memory nobody touches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nn/core/dtype.h"

namespace test {

/// One call of a kernel of ours, or of a library's.
struct RecordedCall {
  std::string kernel;  // a slot's name; gather, scatter, clear, copy; convolution, matrix product
  /// Every element of its tensors once (tests/support/kernel_rules.h). What caches save or cost is not in it.
  std::int64_t read = 0, written = 0;
  std::int64_t scratch = 0;     // partial sums, written and read again
  std::int64_t operations = 0;  // of a convolution or a matrix product, 2 a multiply-add

  std::int64_t bytes() const { return read + written + scratch; }
};

struct RecordedStep {
  std::vector<RecordedCall> calls;
  std::size_t peak_bytes = 0;  // of all tensors alive at once, but for the libraries' workspaces

  std::int64_t bytes() const;
  std::int64_t operations() const;
};

struct StepSettings {
  std::string model;
  nn::DType dtype = nn::DType::bf16;
  bool training = true;
  std::int64_t batch = 256, size = 224;
  bool recompute = true;  // models::ModelOptions::recompute_batch_norm
};

/// A training step (forward, loss, backward, clipping, AdamW) or a prediction. The pictures lie on the device already.
RecordedStep record_step(const StepSettings& settings);

}  // namespace test
