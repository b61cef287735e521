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

/// Times the algorithms in turn, again and again, and keeps each one's fastest time; one that takes twice the fastest
/// and 20 ms is tried once. Of those within 3 % of the fastest, which is less than times vary, the most accurate is
/// taken.
ConvDecision decide(const ConvKey& key, const TimeConv& time);

}  // namespace nn::cpu
