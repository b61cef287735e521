// A network's last layer: what makes six logits of the features.
#pragma once

#include <string>

#include "nn/layers/module.h"
#include "train/data/labels.h"

namespace train {

/// The dotted path of the module that holds the network's last parameter: "head", "classifier". Everything else is the
/// backbone.
std::string head_path(nn::Module& network);

/// Sets the last layer's bias to the log odds of `prior`, ln(p / (1 - p)) with p within [0.001, 0.999]: the untrained
/// network then predicts the prior instead of one half, and the first steps need not learn it (Lin et al. 2017,
/// "Focal loss", section 3.3). Throws nn::Error if the last parameter is no bias of six numbers.
void set_head_bias(nn::Module& network, const Probabilities& prior);

}  // namespace train
