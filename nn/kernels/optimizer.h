// The update of parameters in flat buffers (nn/layers/parameter_buffers.h). Formulas in nn/functors/optimizer.h; the
// state's layout and the options in nn/functors/update_step.h.
//
// What changes from step to step lives in one small tensor in device memory, so that a recorded step can be replayed:
// an update reads its learning rate, step count and clip factor there, and a non-finite gradient skips it on the
// device, without a word from the host.
#pragma once

#include <vector>

#include "nn/core/kernel.h"
#include "nn/functors/update_step.h"
#include "nn/tensor/tensor.h"

namespace nn {

/// sum = sum of x_i^2 in float64 (also for f32), deterministic. sum {1,1,1,1} f64, overwritten.
extern Kernel<void(const Tensor& x, const Tensor& sum)> sum_of_squares;

/// Starts a step: gradient_norm = sqrt(sum). If it is finite, counts the step and sets
/// gradient_scale = min(1, max_norm / (gradient_norm + 1e-6)), or 1 with max_norm 0 (no clipping). If it is not, the
/// step is marked as skipped and not counted.
extern Kernel<void(const Tensor& sum, double max_norm, const Tensor& state)> prepare_update;

/// Both update contiguous segments of equal length, f32 or f64, and do nothing if the state says skipped. `copy` is
/// bf16, as long as the others, and is set to the new values (master weights in f32, Micikevicius et al. 2018);
/// undefined: no copy is kept.
extern Kernel<void(const Tensor& value, const Tensor& gradient, const Tensor& velocity, const SgdOptions& options,
                   const Tensor& state, const Tensor& copy)>
    sgd_update;
extern Kernel<void(const Tensor& value, const Tensor& gradient, const Tensor& first, const Tensor& second,
                   const AdamOptions& options, const Tensor& state, const Tensor& copy)>
    adam_update;

/// What every backend asks of an update's tensors: `segments` are the value, the gradient and the moments.
void check_update(const char* kernel, const std::vector<Tensor>& segments, const Tensor& state, const Tensor& copy);
void check_step_state(const char* kernel, const Tensor& state);

}  // namespace nn
