// VGG: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015
// (arXiv:1409.1556), under torchvision's names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/registry.h"
#include "nn/layers/sequential.h"

namespace models {

/// What makes one VGG another.
struct VggConfiguration {
  /// Channels of every 3x3 convolution, stage by stage; a 2x2 maximum ends each stage and halves the resolution.
  std::vector<std::vector<std::int64_t>> stages;
  bool batch_norm = false;  // between each convolution and its ReLU
  /// Of the imagenet head: the last map it takes, in pixels, and the width of its two hidden layers.
  std::int64_t top_height = 7, top_width = 7, hidden = 4096;
};

/// Configuration D of the paper's table 1: 13 convolutions.
VggConfiguration vgg16(bool batch_norm);

/// Convolutions with ReLU fused ("features"), then the imagenet head, three fully connected layers ("classifier"), or
/// the ct head. He et al.'s initial weights ("Delving deep into rectifiers", 2015, arXiv:1502.01852): without them so
/// deep a network does not begin to learn.
class Vgg : public nn::Sequential {
 public:
  Vgg(const VggConfiguration& configuration, const ModelOptions& options);

  const char* kind() const override { return "Vgg"; }
};

ModelEntry vgg16_entry();
ModelEntry vgg16_bn_entry();

}  // namespace models
