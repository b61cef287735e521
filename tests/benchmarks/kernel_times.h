// What every call of a kernel takes while a network runs, beside the least that it could take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// All calls of one kernel with the same shapes. Of one step, but for the times.
struct KernelTimes {
  std::string kernel, shape;  // "conv2d_forward", "3x3/2 3->32 @256"
  std::string algorithm{};    // of a convolution, where there is a choice
  int calls = 0;
  double operations = 0;               // of its definition, 2 a multiply-add; 0 of what only moves memory
  double multiplied = 0;               // those that its algorithm has: fewer by minimal filtering
  double bytes = 0;                    // every tensor of the call moved once
  double floor_milliseconds = 0;       // whoever measures the machine fills it in
  std::vector<double> milliseconds{};  // of all calls of a step, step by step
};

/// Times every kernel of the CPU as long as it lives; one at a time. A kernel that another one calls counts to that.
class KernelTimer {
 public:
  KernelTimer();
  ~KernelTimer();
  KernelTimer(const KernelTimer&) = delete;
  KernelTimer& operator=(const KernelTimer&) = delete;

  /// What runs from now on belongs to the next step.
  void begin_step();
  const std::vector<KernelTimes>& times() const;
  /// Kernels that nobody has told how to time: kernel_times.cpp lists those it knows.
  static std::vector<std::string> unknown_kernels();
};

}  // namespace bench
