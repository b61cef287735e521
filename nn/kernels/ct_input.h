// The whole way from decoded slices to the network's input, in training and prediction; formulas, the order of the
// steps and the layout of `parameters` in nn/functors/ct_input.h.
#pragma once

#include "nn/core/kernel.h"
#include "nn/tensor/tensor.h"

namespace nn {

/// Writes y {n, size_h, size_w, c} (f32, f64 on the CPU, bf16 on a GPU), one normalised image a sample: channel s *
/// windows + v is slice s in window v, (value - mean_c) / deviation_c.
///   slices      i16 {n, h, w, k} or {1, h, w, k}, which all samples then share; k slices (1 to 3) side by side
///   parameters  f64 {n, 1, 1, ct_columns(windows)}; on a GPU they were checked before (check_ct_parameters)
///   mean, deviation  f64 {1, 1, 1, c}, deviation above 0; or both undefined: values stay in 0 .. 1 but for rounding
///     (in f32 white can be off by 3e-7, on either side of 1)
/// c is k * windows. Slices of different sizes take one call each, on y.batch_range(i, i + 1).
extern Kernel<void(const Tensor& slices, const Tensor& parameters, const Tensor& mean, const Tensor& deviation,
                   const Tensor& y)>
    ct_input;

/// What ct_input asks of its arguments before it runs, on any device: shapes and types alone, or else an nn::Error.
void check_ct_arguments(const Tensor& slices, const Tensor& parameters, const Tensor& mean, const Tensor& deviation,
                        const Tensor& y);
/// And of the numbers, which must lie on the CPU; `slices` is k. The CPU's kernel calls both, a GPU's only the other.
void check_ct_parameters(const Tensor& parameters, std::int64_t slices);
void check_ct_normalisation(const Tensor& mean, const Tensor& deviation);

}  // namespace nn
