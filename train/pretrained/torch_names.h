// The names that PyTorch's weight files use for the same tensors, brought to torchvision's present ones.
#pragma once

#include <string>
#include <vector>

#include "io/files/safetensors.h"

namespace train {

/// Tensors under torchvision's names: f32, convolutions OIHW, matrices {out, in}.
struct TorchvisionWeights {
  std::vector<io::StoredTensor> tensors;
  std::vector<std::string> left_out;  // names in the file of what no network here has a use for
};

/// torchvision's own files, its old names ("denselayer1.norm.1.weight"), timm's VGG ("pre_logits.fc1", "head.fc") and
/// models saved inside DataParallel ("module."). Left out: num_batches_tracked, which counts training steps. Throws
/// nn::Error if two tensors get one name, or one does not hold floats.
TorchvisionWeights from_torch_names(std::vector<io::StoredTensor> tensors);

/// "denselayer1.norm.1.weight" -> "denselayer1.norm1.weight", and so on.
std::string torchvision_name(std::string name);

/// Which network tensors of these names make up: "densenet121", "vgg16-bn", also ones that models/ does not have
/// ("densenet161", "vgg19"). Empty for parts of a network and for unknown names.
std::string architecture_of(const std::vector<io::StoredTensor>& tensors);

}  // namespace train
