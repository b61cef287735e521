// Batch normalisation in two ops, so that the statistics of a feature map are computed once, when it is produced, and
// not again by every layer that reads it. mean and variance are variables like any others: their gradients gather from
// all consumers before channel_statistics' backward spreads them over x, by the tape's own order.
#pragma once

#include "nn/autograd/variable.h"
#include "nn/kernels/batch_norm.h"

namespace nn {

/// Per channel, {1,1,1,c} each.
struct ChannelStatistics {
  Variable mean, variance;
};

/// Mean and biased variance over all rows of x.
ChannelStatistics channel_statistics(const Variable& x);
/// The same, written into `statistics`: usually channel ranges of one buffer for a whole dense block.
void channel_statistics_into(const Variable& x, const ChannelStatistics& statistics);
/// The other parts of channel_statistics(), for ops that measure x while they write it: room for its statistics, and
/// the record of how they come from x.
ChannelStatistics room_for_statistics(const Variable& x);
void record_channel_statistics(const Variable& x, const ChannelStatistics& statistics);

struct NormalizeOptions {
  double epsilon = 1e-5;
  bool relu = false;  // fused; its mask is recomputed in the backward pass, nothing is stored
};

/// All that normalises a map: the arguments of normalize() besides x.
struct Normalization {
  ChannelStatistics statistics;
  Variable gamma, beta;  // {1,1,1,c}
  NormalizeOptions options{};
};
/// For the kernels: what they read, and where they write the gradients of x and of the normalization's variables.
NormalizeParameters parameters_of(const Normalization& normalization);
NormalizeGradients gradient_targets(const Variable& x, const Normalization& normalization);
/// The same as two vectors of values: what is normalised is relu?(scale x + shift).
struct FoldedNormalization {
  Tensor scale, shift;
};
FoldedNormalization fold(const Normalization& normalization);

/// relu?(gamma (x - mean) / sqrt(variance + epsilon) + beta); vectors {1,1,1,c}. With the statistics of x it is batch
/// norm in training; with running statistics as constants, in inference.
Variable normalize(const Variable& x, const ChannelStatistics& statistics, const Variable& gamma, const Variable& beta,
                   const NormalizeOptions& options = {});
/// The same, written into `y`. Returns y.
Variable normalize_into(const Variable& x, const ChannelStatistics& statistics, const Variable& gamma,
                        const Variable& beta, const Variable& y, const NormalizeOptions& options = {});

}  // namespace nn
