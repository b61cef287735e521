// The weights of Keras Applications' DenseNet and VGG under torchvision's names and in PyTorch's order of dimensions.
// weights/README.md has the table.
#pragma once

#include <string>
#include <string_view>

#include "io/files/keras_weights.h"
#include "train/pretrained/torch_names.h"

namespace train {

/// `model` is a name of models/registry.h; Keras has weights for densenet121, densenet169, densenet201 and vgg16.
/// Weights of models that hold the network as one layer ("densenet121/conv1/conv/kernel:0") are found too. Throws
/// nn::Error for layers that are not the network's, kernels in Theano's order, weights that stand for one tensor.
TorchvisionWeights from_keras_names(io::KerasWeights keras, std::string_view model);

}  // namespace train
