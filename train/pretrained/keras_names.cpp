#include "train/pretrained/keras_names.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "io/files/printable.h"
#include "train/pretrained/weight_layout.h"

namespace train {
namespace {

/// Keras' layer -> torchvision's module.
using LayerTable = std::map<std::string, std::string, std::less<>>;

/// Layer L of block B: "conv{B+1}_block{L}_..." is "features.denseblock{B}.denselayer{L}...."
LayerTable densenet_layers() {
  constexpr int blocks = 4, most_layers = 64;  // DenseNet264 has 64 in a block
  LayerTable table = {{"conv1/conv", "features.conv0"},
                      {"conv1/bn", "features.norm0"},
                      {"bn", "features.norm5"},
                      {"fc1000", "classifier"},
                      {"predictions", "classifier"}};
  for (int block = 1; block <= blocks; ++block) {
    const std::string number = std::to_string(block), keras_number = std::to_string(block + 1);
    for (int layer = 1; layer <= most_layers; ++layer) {
      const std::string keras = "conv" + keras_number + "_block" + std::to_string(layer) + "_";
      const std::string torch = "features.denseblock" + number + ".denselayer" + std::to_string(layer) + ".";
      table[keras + "0_bn"] = torch + "norm1";
      table[keras + "1_conv"] = torch + "conv1";
      table[keras + "1_bn"] = torch + "norm2";
      table[keras + "2_conv"] = torch + "conv2";
    }
    table["pool" + keras_number + "_bn"] = "features.transition" + number + ".norm";
    table["pool" + keras_number + "_conv"] = "features.transition" + number + ".conv";
  }
  return table;
}

/// torchvision counts convolutions, ReLUs and pools alike.
LayerTable vgg16_layers() {
  return {{"block1_conv1", "features.0"},  {"block1_conv2", "features.2"},  {"block2_conv1", "features.5"},
          {"block2_conv2", "features.7"},  {"block3_conv1", "features.10"}, {"block3_conv2", "features.12"},
          {"block3_conv3", "features.14"}, {"block4_conv1", "features.17"}, {"block4_conv2", "features.19"},
          {"block4_conv3", "features.21"}, {"block5_conv1", "features.24"}, {"block5_conv2", "features.26"},
          {"block5_conv3", "features.28"}, {"fc1", "classifier.0"},         {"fc2", "classifier.3"},
          {"predictions", "classifier.6"}};
}

LayerTable layers_of(std::string_view model) {
  if (model.starts_with("densenet")) return densenet_layers();
  if (model == "vgg16") return vgg16_layers();
  throw nn::Error(
      nn::message("Keras has no weights for ", model, "; it has for densenet121, densenet169, densenet201, vgg16"));
}

/// The longest end of a path ("densenet121/conv1/bn", "conv1/bn", "bn") that is a layer.
const std::string* find_layer(const LayerTable& table, std::string_view path) {
  for (;;) {
    const auto found = table.find(path);
    if (found != table.end()) return &found->second;
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return nullptr;
    path.remove_prefix(slash + 1);
  }
}

/// The layer stands in the weight's own name ("conv1/bn/gamma:0"); Keras 1 has it in the group's alone.
const std::string* find_module(const LayerTable& table, const io::KerasWeight& weight) {
  const std::size_t slash = weight.tensor.name.rfind('/');
  const std::string* found = nullptr;
  if (slash != std::string::npos) found = find_layer(table, std::string_view(weight.tensor.name).substr(0, slash));
  return found != nullptr ? found : find_layer(table, weight.layer);
}

/// What a weight is in its layer, in PyTorch's word. "block1_conv1_W_1:0" is Keras 1's "kernel".
std::optional<std::string> torch_role(std::string_view name) {
  name = name.substr(0, name.rfind(':'));
  if (name.find('/') != std::string_view::npos) name.remove_prefix(name.rfind('/') + 1);
  const std::size_t last = name.find_last_not_of("0123456789");
  if (last != std::string_view::npos && last + 1 < name.size() && name[last] == '_') name = name.substr(0, last);
  // Keras 1 calls the variance running_std.
  static const std::map<std::string_view, std::string> roles = {{"kernel", "weight"},
                                                                {"W", "weight"},
                                                                {"gamma", "weight"},
                                                                {"bias", "bias"},
                                                                {"b", "bias"},
                                                                {"beta", "bias"},
                                                                {"moving_mean", "running_mean"},
                                                                {"running_mean", "running_mean"},
                                                                {"moving_variance", "running_var"},
                                                                {"running_std", "running_var"}};
  for (const auto& [keras, torch] : roles) {
    if (name == keras || name.ends_with(std::string("_").append(keras))) return torch;
  }
  return {};
}

/// Square kernels are all these networks have: another height than width means another order of dimensions.
void check_order(const io::KerasWeights& keras) {
  constexpr const char* what_to_do = "; load the model in Keras with TensorFlow and save it once more";
  NN_CHECK(keras.backend != "theano", "was written by Keras with Theano, which turns its kernels around", what_to_do);
  for (const io::KerasWeight& weight : keras.weights) {
    const std::vector<std::int64_t>& shape = weight.tensor.shape;
    if (shape.size() != 4 || shape[0] == shape[1]) continue;
    throw nn::Error(
        nn::message("its kernels are in Theano's order (out, in, height, width): ", io::printable(weight.tensor.name),
                    " is ", shape[0], " x ", shape[1], " x ", shape[2], " x ", shape[3], what_to_do));
  }
}

/// VGG16's first fully connected layer takes the flattened last map, 512 channels of 7 x 7.
bool follows_flatten(std::string_view model, std::string_view name) {
  return model.starts_with("vgg") && name == "classifier.0.weight";
}

io::StoredTensor in_torch_order(const io::StoredTensor& tensor, std::string_view model) {
  if (tensor.shape.size() == 4) return hwio_to_oihw(tensor);
  if (tensor.shape.size() != 2) return tensor;
  io::StoredTensor matrix = transposed(tensor);
  return follows_flatten(model, tensor.name) ? columns_hwc_to_chw(matrix, 7, 7, 512) : matrix;
}

}  // namespace

TorchvisionWeights from_keras_names(io::KerasWeights keras, std::string_view model) {
  check_order(keras);
  const LayerTable table = layers_of(model);
  TorchvisionWeights result;
  std::vector<std::string> unknown;
  std::set<std::string> names;
  for (io::KerasWeight& weight : keras.weights) {
    const std::string* module = find_module(table, weight);
    const std::optional<std::string> role = torch_role(weight.tensor.name);
    if (module == nullptr || !role) {
      unknown.push_back(weight.layer + ": " + weight.tensor.name);
      continue;
    }
    const std::string name = *module + "." + *role;
    NN_CHECK(names.insert(name).second, "two weights stand for ", name, "; the second is ",
             io::printable(weight.tensor.name));
    io::StoredTensor tensor = std::move(weight.tensor);  // a VGG16 is half a gigabyte
    tensor.name = name;
    result.tensors.push_back(in_torch_order(as_f32(std::move(tensor)), model));
  }
  NN_CHECK(unknown.empty(), unknown.size(), " of its ", keras.weights.size(), " weights are not of Keras' ", model,
           ", the first in layer ", io::printable(unknown.front()));
  return result;
}

}  // namespace train
