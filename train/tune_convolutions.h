// --conv tune: which algorithm is fastest for every convolution of a network, on this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "nn/cpu/choice/conv_tuning.h"
#include "nn/layers/module.h"
#include "train/conv_choices.h"

namespace train {

/// More images at once take longer to time and tell no more.
inline constexpr std::int64_t most_timed_images = 32;

struct Tuning {
  nn::Shape input;                                                        // of the network: {images at once,h,w,c}
  bool training = true;                                                   // else forward passes alone
  std::function<bool(std::int64_t done, std::int64_t total)> progress{};  // after every pass; false stops
  nn::cpu::MakeTimeConv make_time = nn::cpu::time_kernel;
};

/// Times every pass of every convolution for which there is a choice, each shape once, by at most most_timed_images.
/// The network is on the CPU. Some seconds; bits of what was chosen are those of its algorithms, whatever the threads.
/// Nothing if `progress` stops it.
std::optional<ConvChoices> tune_convolutions(nn::Module& network, const Tuning& tuning);

}  // namespace train
