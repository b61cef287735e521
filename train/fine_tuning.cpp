#include "train/fine_tuning.h"

#include "train/head.h"

namespace train {
namespace {

constexpr const char* head_prefix = "head ";
constexpr const char* backbone_prefix = "backbone ";

void add_groups(const std::vector<nn::NamedParameter>& parameters, const char* prefix, double learning_rate_scale,
                std::vector<nn::ParameterGroup>& groups) {
  for (nn::ParameterGroup& group : nn::group_by_weight_decay(parameters)) {
    group.name = prefix + group.name;
    group.learning_rate_scale = learning_rate_scale;
    groups.push_back(std::move(group));
  }
}

}  // namespace

bool is_backbone(const nn::ParameterGroup& group) { return group.name.starts_with(backbone_prefix); }

std::vector<nn::ParameterGroup> group_for_fine_tuning(nn::Module& network, const FineTuning& fine_tuning) {
  const std::string head = head_path(network) + ".";
  std::vector<nn::NamedParameter> head_parameters, backbone_parameters;
  for (const nn::NamedParameter& entry : network.parameters()) {
    (entry.path.starts_with(head) ? head_parameters : backbone_parameters).push_back(entry);
  }
  NN_CHECK(!backbone_parameters.empty() && !head_parameters.empty(),
           "[fine-tuning] expects a backbone and a head, the network has only one of them");
  std::vector<nn::ParameterGroup> groups;
  add_groups(head_parameters, head_prefix, 1, groups);
  add_groups(backbone_parameters, backbone_prefix, fine_tuning.backbone_learning_rate_scale, groups);
  return groups;
}

}  // namespace train
