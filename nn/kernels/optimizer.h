// The update of parameters in flat buffers (nn/layers/parameter_buffers.h), formulas in nn/functors/optimizer.h.
//
// What changes from step to step lives in one small tensor in device memory, so that a recorded step can be replayed:
// an update reads its learning rate, step count and clip factor there, and a non-finite gradient skips it on the
// device, without a word from the host.
#pragma once

#include "nn/core/kernel.h"
#include "nn/tensor/tensor.h"

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

/// sum = sum of x_i^2 in float64 (also for f32), deterministic. sum {1,1,1,1} f64, overwritten.
extern Kernel<void(const Tensor& x, const Tensor& sum)> sum_of_squares;

/// Starts a step: gradient_norm = sqrt(sum). If it is finite, counts the step and sets
/// gradient_scale = min(1, max_norm / (gradient_norm + 1e-6)), or 1 with max_norm 0 (no clipping). If it is not, the
/// step is marked as skipped and not counted.
extern Kernel<void(const Tensor& sum, double max_norm, const Tensor& state)> prepare_update;

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

/// Both update contiguous segments of equal length, f32 or f64, and do nothing if the state says skipped. `copy` is
/// bf16, as long as the others, and is set to the new values (master weights in f32, Micikevicius et al. 2018);
/// undefined: no copy is kept.
extern Kernel<void(const Tensor& value, const Tensor& gradient, const Tensor& velocity, const SgdOptions& options,
                   const Tensor& state, const Tensor& copy)>
    sgd_update;
extern Kernel<void(const Tensor& value, const Tensor& gradient, const Tensor& first, const Tensor& second,
                   const AdamOptions& options, const Tensor& state, const Tensor& copy)>
    adam_update;

}  // namespace nn
