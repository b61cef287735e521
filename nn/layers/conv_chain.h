// Batch norms and convolutions in turns, with no pass over memory but the convolutions' own.
//
//   training:   [norm1 conv1 measure] -> map, statistics -> [norm2 conv2 measure] -> map, statistics
//   inference:  [norm1 conv1 norm2] -> map -> [conv2] -> map
//
// A bracket is one kernel: the norm before a convolution happens while its input is read, and while its output is
// written this is measured, for the norm behind it, or in inference normalised at once.
#pragma once

#include <initializer_list>

#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"

namespace nn {

/// Nothing of x will be differentiated and nothing measured: a norm is but a scale and a shift.
bool only_infers(const Variable& x, const Context& context);

/// A map and, while batch norms measure the batch, its statistics; undefined otherwise.
struct MeasuredMap {
  Variable map;
  ChannelStatistics statistics{};
};

/// A map that is there already, measured by a pass over it if the context wants statistics of the batch.
MeasuredMap measured(const Variable& map, const Context& context);

/// conv(norm(x)); the convolution without bias and ReLU.
struct NormConv {
  BatchNorm2d& norm;
  Conv2d& conv;
};

/// Runs x through the steps, of which there is one at least. In training x's statistics are needed.
MeasuredMap run_chain(std::initializer_list<NormConv> steps, const MeasuredMap& x, const Context& context);
/// The same, written into y: a map and its statistics, which may be left out where nobody wants them. Returns y.
MeasuredMap run_chain_into(std::initializer_list<NormConv> steps, const MeasuredMap& x, const MeasuredMap& y,
                           const Context& context);
/// x + the result of the steps, of which there are two at least; measured if the context wants statistics of the batch.
/// In inference the last convolution adds to x's map where it lies: nobody may want the map any more.
MeasuredMap run_residual_chain(std::initializer_list<NormConv> steps, const MeasuredMap& x, const Context& context);

/// conv(x), measured if the context wants statistics of the batch.
MeasuredMap measured_conv(Conv2d& conv, const Variable& x, const Context& context);
/// The same, written into y. Returns y.
MeasuredMap measured_conv_into(Conv2d& conv, const Variable& x, const MeasuredMap& y, const Context& context);
/// norm(conv(x)).
Variable conv_norm(Conv2d& conv, BatchNorm2d& norm, const Variable& x, const Context& context);

}  // namespace nn
