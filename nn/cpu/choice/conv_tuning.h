// Which algorithm is fastest for a convolution on this machine, by trying. Times differ from run to run, so what is
// decided is kept and used again (train/conv_choices.h): the kernels themselves never measure.
#pragma once

#include <cstdint>
#include <functional>

#include "nn/cpu/choice/conv_table.h"

namespace nn::cpu {

/// Runs a pass by an algorithm once; milliseconds.
using TimeConv = std::function<double(ConvAlgorithm algorithm)>;
/// What times a pass with so many images at once.
using MakeTimeConv = std::function<TimeConv(const ConvKey& key, std::int64_t images)>;

/// Runs the kernel, f32, on random numbers in memory of its own. Alone, without what a network fuses with it, and as in
/// training, with weights that change from run to run.
TimeConv time_kernel(const ConvKey& key, std::int64_t images);

/// Times the algorithms in turn, A B C A B C ..., and keeps each one's fastest time, so that another program that
/// disturbs a few tries decides nothing: at least three rounds, and as many as fit into 150 ms, at most 40. One that
/// still takes twice the fastest and 20 ms is not tried further. The rule's choice (usual_conv_algorithm) stands unless
/// another takes 5 % less time; of those within 5 % of the fastest the most accurate is then taken.
ConvDecision decide(const ConvKey& key, const TimeConv& time);

}  // namespace nn::cpu
