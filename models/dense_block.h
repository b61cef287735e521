// The dense block: every layer reads all feature maps before it and adds a few of its own. Huang et al., "Densely
// connected convolutional networks", CVPR 2017 (arXiv:1608.06993).
//
// All maps of a block live side by side in one buffer: layers read the channels filled so far and write the next, so
// there is no concatenation and no copy, forward or backward. The batch statistics of a map are the same for every
// batch norm that reads it, so they are computed once, when the map is written.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/layers/conv_chain.h"
#include "nn/ops/concat_buffer.h"

namespace models {

/// The feature maps of a block and, while batch norms measure the batch, their statistics: buffers of equal channels.
///
///   maps        {n,h,w,c}   | first maps      | layer 1 | layer 2 | ...
///   mean        {1,1,1,c}   | of first maps   | of 1    | of 2    | ...
///   variance    {1,1,1,c}   | ...
class FeatureMaps {
 public:
  /// Room for `shape`; dtype, device and tape are those of `inputs` (see Variable::output).
  FeatureMaps(const nn::Shape& shape, std::initializer_list<const nn::Variable*> inputs, const nn::Context& context);

  /// The next `channels` and their statistics, to be written by exactly one op each.
  nn::MeasuredMap append(std::int64_t channels);
  /// All maps so far.
  nn::MeasuredMap maps() const;

 private:
  nn::ConcatBuffer maps_;
  bool measures_;
  nn::ConcatBuffer mean_, variance_;
};

/// norm-relu, conv 1x1 to a bottleneck, norm-relu, conv 3x3 to `growth` new maps. torchvision's names.
class DenseLayer : public nn::Module {
 public:
  struct Options {
    std::int64_t growth = 32;
    std::int64_t bottleneck = 4;  // times growth: channels between the two convolutions
    double epsilon = 1e-5;        // of the batch norms
    /// Normalised maps are computed again in the backward pass instead of kept (nn/ops/normalize_conv2d.h).
    bool recompute = false;
  };
  DenseLayer(std::int64_t channels, const Options& options);

  const char* kind() const override { return "DenseLayer"; }
  /// Appends the new maps.
  void extend(FeatureMaps& features, const nn::Context& context);

 private:
  /// The same as extend(), keeping the normalised maps.
  void extend_and_keep(const nn::MeasuredMap& x, const nn::MeasuredMap& y, const nn::Context& context);

  bool recompute_;
  nn::BatchNorm2d& norm1_;  // with ReLU
  nn::Conv2d& conv1_;
  nn::BatchNorm2d& norm2_;  // with ReLU
  nn::Conv2d& conv2_;
};

class DenseBlock : public nn::Module {
 public:
  /// From `channels` to channels + layers * growth.
  DenseBlock(std::int64_t channels, std::int64_t layers, const DenseLayer::Options& options);

  const char* kind() const override { return "DenseBlock"; }
  std::int64_t channels() const { return channels_; }  // after the last layer

  /// Room for all maps of the block. The first, of shape {n,h,w,channels}, are still to be appended: by an op that
  /// reads x and `weight`, undefined if it has none.
  FeatureMaps feature_maps(const nn::Shape& first, const nn::Variable& x, const nn::Variable& weight,
                           const nn::Context& context);
  /// Appends the maps of every layer.
  void extend(FeatureMaps& features, const nn::Context& context);

 private:
  nn::Variable trainable_parameter();

  std::int64_t channels_;
  std::vector<DenseLayer*> layers_;
};

}  // namespace models
