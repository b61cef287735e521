// By which algorithm the CPU computes a layer, for tables.
#pragma once

#include <string>

#include "nn/layers/context.h"

namespace apps {

/// Names of nn/cpu/choice/conv_choice.h; empty for a layer that is no convolution.
struct LayerAlgorithms {
  std::string forward, backward_data, backward_weights;

  /// "winograd", or where the passes differ "direct, winograd, direct": forward, data gradient, weight gradient.
  std::string text() const;
};

/// Of f32, as things are set now. The network lives.
LayerAlgorithms layer_algorithms(const nn::LayerNote& note);

}  // namespace apps
