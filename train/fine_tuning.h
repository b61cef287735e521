// Training a network whose backbone brings weights that somebody else trained: the backbone apart from the new head.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "nn/layers/module.h"
#include "nn/layers/parameter_buffers.h"

namespace train {

/// What differs from training everything alike. The head (train/head.h) starts at random; the backbone is everything
/// else.
struct FineTuning {
  double backbone_learning_rate_scale = 0.1;  // times the schedule's learning rate, which is the head's
  int freeze_epochs = 0;                      // epochs at the beginning in which only the head learns
  bool frozen_batch_norm = false;             // batch norms keep and use the running statistics that they came with
};

/// Whether the group belongs to the backbone.
bool is_backbone(const nn::ParameterGroup& group);

/// Up to four groups: "head decay", "head no_decay", "backbone decay", "backbone no_decay". Throws nn::Error for a
/// network that is nothing but a head.
std::vector<nn::ParameterGroup> group_for_fine_tuning(nn::Module& network, const FineTuning& fine_tuning);

}  // namespace train
