#include "train/pretrained/torch_names.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "io/files/printable.h"
#include "train/pretrained/weight_layout.h"

namespace train {
namespace {

void replace_prefix(std::string& name, std::string_view prefix, std::string_view replacement) {
  if (name.starts_with(prefix)) name.replace(0, prefix.size(), replacement);
}

/// timm stores VGG's fully connected layers as convolutions over the whole map: {4096, 512, 7, 7} in the order in which
/// torchvision flattens.
void flatten_classifier(io::StoredTensor& tensor) {
  if (!tensor.name.starts_with("classifier.") || tensor.shape.size() != 4) return;
  tensor.shape = {tensor.shape[0], tensor.shape[1] * tensor.shape[2] * tensor.shape[3]};
}

/// The layers of each of DenseNet's four blocks.
std::array<std::size_t, 4> dense_layers(const std::vector<io::StoredTensor>& tensors) {
  std::array<std::size_t, 4> counts{};
  for (const io::StoredTensor& tensor : tensors) {
    for (std::size_t block = 0; block < counts.size(); ++block) {
      const std::string prefix = "features.denseblock" + std::to_string(block + 1) + ".";
      if (tensor.name.starts_with(prefix) && tensor.name.ends_with(".conv2.weight")) ++counts[block];
    }
  }
  return counts;
}

std::string densenet_of(const std::array<std::size_t, 4>& layers) {
  using Layers = std::array<std::size_t, 4>;
  if (layers == Layers{6, 12, 24, 16}) return "densenet121";
  if (layers == Layers{6, 12, 32, 32}) return "densenet169";
  if (layers == Layers{6, 12, 48, 32}) return "densenet201";
  if (layers == Layers{6, 12, 36, 24}) return "densenet161";
  return {};
}

std::string vgg_of(const std::vector<io::StoredTensor>& tensors) {
  std::size_t convolutions = 0;
  bool batch_norm = false;
  for (const io::StoredTensor& tensor : tensors) {
    if (!tensor.name.starts_with("features.")) continue;
    if (tensor.name.ends_with(".weight") && tensor.shape.size() == 4) ++convolutions;
    if (tensor.name.ends_with(".running_mean")) batch_norm = true;
  }
  const std::string suffix = batch_norm ? "-bn" : "";
  if (convolutions == 8) return "vgg11" + suffix;
  if (convolutions == 10) return "vgg13" + suffix;
  if (convolutions == 13) return "vgg16" + suffix;
  if (convolutions == 16) return "vgg19" + suffix;
  return {};
}

}  // namespace

std::string torchvision_name(std::string name) {
  replace_prefix(name, "module.", "");
  replace_prefix(name, "pre_logits.fc1.", "classifier.0.");
  replace_prefix(name, "pre_logits.fc2.", "classifier.3.");
  replace_prefix(name, "head.fc.", "classifier.6.");
  if (name.find(".denselayer") == std::string::npos) return name;
  for (const char* part : {".norm.1.", ".norm.2.", ".conv.1.", ".conv.2."}) {
    const std::size_t at = name.find(part);
    if (at != std::string::npos) name.erase(at + 5, 1);  // the dot before the number
  }
  return name;
}

TorchvisionWeights from_torch_names(std::vector<io::StoredTensor> tensors) {
  TorchvisionWeights result;
  std::set<std::string> names;
  for (io::StoredTensor& tensor : tensors) {
    if (tensor.name.ends_with(".num_batches_tracked")) {
      result.left_out.push_back(tensor.name);
      continue;
    }
    tensor.name = torchvision_name(tensor.name);
    NN_CHECK(names.insert(tensor.name).second, "two tensors stand for ", io::printable(tensor.name));
    flatten_classifier(tensor);
    result.tensors.push_back(as_f32(std::move(tensor)));
  }
  return result;
}

std::string architecture_of(const std::vector<io::StoredTensor>& tensors) {
  const std::array<std::size_t, 4> layers = dense_layers(tensors);
  if (layers != std::array<std::size_t, 4>{}) return densenet_of(layers);
  return vgg_of(tensors);
}

}  // namespace train
