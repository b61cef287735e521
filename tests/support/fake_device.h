// A device without hardware, for Device::cuda in programs without cuda/: memory, copies, transfers and recorded steps
// as nn/core/device_runtime.h has them, kernels by the CPU. It proves what stands above the kernels: which memory is
// where, which types meet (fake_kernels.cpp), what a recorded step contains.
//
// It is less forgiving than a GPU: fresh memory is NaN; a recorded step runs the kernels and copies that were recorded
// and nothing of the code between them; a download happens as late as it may, in wait(); what a recorded step must not
// do is an error.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "nn/core/device_runtime.h"

namespace test {

class FakeDevice {
 public:
  /// Enters it as Device::cuda, with all kernels; once in the life of a program.
  static FakeDevice& install();

  struct Counts {
    int kernels = 0;  // run at once
    int recorded = 0, graphs = 0, replays = 0;
    int uploads = 0, downloads = 0;
  };
  Counts counts;
  nn::DeviceOptions options;

  /// Runs a command, or adds it to the step that is being recorded.
  void queue(std::function<void()> command);
  bool recording() const { return recording_ != nullptr; }
  /// Records what `step` queues.
  std::vector<std::function<void()>> record(const std::function<void()>& step);

 private:
  std::vector<std::function<void()>>* recording_ = nullptr;
};

/// Fills the slots of Device::cuda: copies of the tensors go through the CPU's kernels. Tensors of a bf16 network
/// become f32 on the way in and are rounded on the way out. Each call checks the types of its tensors against the
/// contract.
void install_fake_kernels(FakeDevice& device);

}  // namespace test
