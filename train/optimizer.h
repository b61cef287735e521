// The optimizer: options, moments, and one call a step. The formulas are kernels (nn/kernels/optimizer.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nn/kernels/optimizer.h"
#include "nn/layers/parameter_buffers.h"

namespace train {

enum class OptimizerKind { adamw, adam, sgd };
/// "adamw", "adam", "sgd".
std::string_view name(OptimizerKind kind);
/// Throws nn::Error that lists the names.
OptimizerKind optimizer_kind(std::string_view name);

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adamw;
  double weight_decay = 0.1;  // of the parameters that have it; biases and batch norm do not
  double momentum = 0.9;      // of sgd
  bool nesterov = false;      // of sgd
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double max_gradient_norm = 1;  // gradients are scaled down to this norm; 0: never
};

/// What a step did.
struct StepOutcome {
  double gradient_norm = 0;  // before clipping
  bool skipped = false;      // the gradient was not finite: nothing was updated
  int skipped_in_a_row = 0;
  std::int64_t steps = 0;  // updates made so far
};

/// Frozen groups are passed over whole: no decay, no moments, and no part in the gradient's norm. Each group counts its
/// own updates, so that Adam's bias correction begins when a group's moments do: with the others' count, the first
/// updates of a group that was frozen would be some six times too large.
class Optimizer {
 public:
  /// Moments start at zero. The buffers must outlive the optimizer.
  Optimizer(const nn::ParameterBuffers& buffers, const OptimizerOptions& options);

  /// One update of all groups that are not frozen, from the gradients in the buffers; those of frozen groups are zero.
  void step(double learning_rate);
  /// The same by kernels alone, so that it can be recorded and replayed: the learning rate lies in learning_rate().
  void update();
  /// {1,1,1,1} f64 on the device.
  const nn::Tensor& learning_rate() const { return learning_rate_; }

  /// The step state of the first group that is not frozen, where it lies (nn/kernels/optimizer.h).
  nn::Tensor step_state() const;
  /// Of a step state on the CPU.
  static StepOutcome outcome_of(const nn::Tensor& step_state);
  /// Of the last step; waits for the device.
  StepOutcome outcome() const;

  /// Everything that must be saved so that the next step has the same bits: moments and step state, by name.
  struct NamedTensor {
    std::string name;
    nn::Tensor tensor;  // {1,1,1,elements}
  };
  std::vector<NamedTensor> state() const;

 private:
  void update(const nn::ParameterGroup& group, const nn::Tensor& step_state);
  nn::Tensor step_state_of(std::size_t group) const;
  std::size_t first_learning_group() const;

  const nn::ParameterBuffers& buffers_;
  OptimizerOptions options_;
  nn::Tensor first_, second_;       // {1,1,1,elements}, as the flat buffers; second_ undefined for sgd
  nn::Tensor sum_, learning_rate_;  // {1,1,1,1} f64
  nn::Tensor step_states_;          // {groups,1,1,step_state::size} f64
};

}  // namespace train
