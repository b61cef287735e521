// DenseNet. Huang et al., "Densely connected convolutional networks", CVPR 2017 (arXiv:1608.06993), under torchvision's
// names.
#pragma once

#include <cstdint>
#include <vector>

#include "models/dense_block.h"
#include "models/registry.h"
#include "nn/layers/average_pool.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/max_pool.h"
#include "nn/layers/sequential.h"

namespace models {

/// What makes one DenseNet another. Table 1 of the paper.
struct DenseNetConfiguration {
  std::vector<std::int64_t> blocks{6, 12, 24, 16};  // layers of each
  std::int64_t stem = 64;                           // channels before the first block
  std::int64_t growth = 32;                         // channels that each layer adds
};

/// Between two blocks: norm-relu, mean of 2x2, conv 1x1 to half the channels. The paper has the convolution first. Both
/// are linear, one mixes channels and the other pixels, so their order does not matter, and this one is a quarter of
/// the work.
class Transition : public nn::Module {
 public:
  Transition(std::int64_t channels, double epsilon);

  const char* kind() const override { return "Transition"; }
  /// The first maps of the block `next`.
  FeatureMaps lead_to(DenseBlock& next, const FeatureMaps& features, const nn::Context& context);

 private:
  nn::BatchNorm2d& norm_;  // with ReLU
  nn::AveragePool2d& pool_;
  nn::Conv2d& conv_;
};

/// All but the head: a stem that leaves a quarter of the resolution, dense blocks with transitions between them, a last
/// norm with ReLU.
class DenseFeatures : public nn::Module {
 public:
  DenseFeatures(const DenseNetConfiguration& configuration, const ModelOptions& options);

  const char* kind() const override { return "DenseFeatures"; }
  std::int64_t channels() const { return blocks_.back()->channels(); }  // of the output

 protected:
  nn::Variable forward(const nn::Variable& x, const nn::Context& context) override;

 private:
  FeatureMaps stem(const nn::Variable& x, const nn::Context& context);

  nn::Conv2d& conv0_;
  nn::BatchNorm2d& norm0_;  // with ReLU
  nn::MaxPool2d& pool0_;
  std::vector<DenseBlock*> blocks_;
  std::vector<Transition*> transitions_;  // one fewer
  nn::BatchNorm2d* norm5_ = nullptr;      // with ReLU
};

/// DenseFeatures, the mean over the map, then the imagenet head, a fully connected layer "classifier", or the ct head.
class DenseNet : public nn::Sequential {
 public:
  /// All options set, as make_model does.
  DenseNet(const DenseNetConfiguration& configuration, const ModelOptions& options);

  const char* kind() const override { return "DenseNet"; }
};

ModelEntry densenet121_entry();
ModelEntry densenet169_entry();
ModelEntry densenet201_entry();

}  // namespace models
