// --conv tune: which algorithm is fastest for every convolution of a network, on this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

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

/// What tuning found.
struct TunedConvolutions {
  ConvChoices choices;
  std::int64_t passes = 0;   // that were timed: those for which there is a choice, each shape once
  std::int64_t changed = 0;  // of these, run by another algorithm than the rule's
  /// The passes of one batch by the rule, and how much less the choices take. As timed: alone, without what a network
  /// fuses with them.
  double milliseconds = 0, milliseconds_saved = 0;
};
/// "4 of 27 passes run by another algorithm than auto's, which saves 12.3 of 130 ms a batch": for the user to read.
std::string describe(const TunedConvolutions& tuned);

/// Times every pass of every convolution for which there is a choice, each shape once, by at most most_timed_images.
/// The network is on the CPU. Some seconds; bits of what was chosen are those of its algorithms, whatever the threads.
/// Nothing if `progress` stops it.
std::optional<TunedConvolutions> tune_convolutions(nn::Module& network, const Tuning& tuning);

}  // namespace train
