// One step of an optimizer: what changes from step to step, the options that do not, and the decision to skip.
#pragma once

#include <cmath>

#include "nn/core/host_device.h"

namespace nn {

/// Places in the state tensor, {1,1,1,step_state::size} f64.
namespace step_state {
inline constexpr int learning_rate = 0;     // set by the host before the step
inline constexpr int step = 1;              // updates made so far; prepare_update counts
inline constexpr int gradient_norm = 2;     // of the last step, before clipping
inline constexpr int gradient_scale = 3;    // the last step's clip factor, at most 1
inline constexpr int skipped = 4;           // 1 if the last step was skipped, else 0
inline constexpr int skipped_in_a_row = 5;  // steps skipped since the last update
inline constexpr int size = 6;
}  // namespace step_state

struct SgdOptions {
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;         // added to the gradient (L2)
  double learning_rate_scale = 1;  // of the parameter group, times the state's learning rate
};
struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;  // AdamW: the decay acts on the value, not through the moments
  double learning_rate_scale = 1;
};

namespace functors {

/// Starts a step from the sum of squares of the gradient: see nn::prepare_update.
NN_HOST_DEVICE inline void prepare_step(double sum_of_squares, double max_norm, double* state) {
  const double norm = std::sqrt(sum_of_squares);
  state[step_state::gradient_norm] = norm;
  if (!std::isfinite(norm)) {
    state[step_state::gradient_scale] = 0;
    state[step_state::skipped] = 1;
    state[step_state::skipped_in_a_row] += 1;
    return;
  }
  const double fitting = max_norm / (norm + 1e-6);
  state[step_state::gradient_scale] = max_norm > 0 && fitting < 1 ? fitting : 1;
  state[step_state::skipped] = 0;
  state[step_state::skipped_in_a_row] = 0;
  state[step_state::step] += 1;
}

}  // namespace functors
}  // namespace nn
