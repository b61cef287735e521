// The program's own small network for head CT.
#pragma once

#include "models/registry.h"
#include "nn/layers/conv_chain.h"
#include "nn/layers/dropout.h"
#include "nn/layers/global_pool.h"
#include "nn/layers/linear.h"

namespace models {

/// y = x + conv(relu(norm(conv(relu(norm(x)))))), all 3x3: the pre-activation block of He et al., "Identity mappings in
/// deep residual networks", ECCV 2016.
class ResidualBlock : public nn::Module {
 public:
  ResidualBlock(std::int64_t width, double batch_norm_epsilon);

  const char* kind() const override { return "ResidualBlock"; }
  /// In inference y lies where x was.
  nn::MeasuredMap run(const nn::MeasuredMap& x, const nn::Context& context);

 private:
  nn::BatchNorm2d& norm1_;  // with ReLU
  nn::Conv2d& conv1_;
  nn::BatchNorm2d& norm2_;  // with ReLU
  nn::Conv2d& conv2_;
};

/// Halves the resolution and widens, then one residual block.
class Stage : public nn::Module {
 public:
  Stage(std::int64_t width_in, std::int64_t width, double batch_norm_epsilon);

  const char* kind() const override { return "Stage"; }
  nn::MeasuredMap run(const nn::MeasuredMap& x, const nn::Context& context);

 private:
  nn::BatchNorm2d& norm_;  // with ReLU
  nn::Conv2d& down_;
  ResidualBlock& block_;
};

/// A stem and three stages, down to 1/16 of the resolution and no further, so that a bleed of a few millimetres still
/// spans a pixel of the last map; then mean and maximum over the map, and a linear classifier.
/// 1.1 million parameters, 0.7 billion multiply-adds an image of 256 x 256.
class Cnn : public nn::Module {
 public:
  explicit Cnn(const ModelOptions& options);

  const char* kind() const override { return "Cnn"; }

 protected:
  nn::Variable forward(const nn::Variable& x, const nn::Context& context) override;

 private:
  nn::Conv2d& stem_;
  Stage &stage1_, &stage2_, &stage3_;
  nn::BatchNorm2d& norm_;  // with ReLU
  nn::GlobalAverageMaxPool2d& global_pool_;
  nn::Dropout& dropout_;
  nn::Linear& classifier_;
};

ModelEntry cnn_entry();

}  // namespace models
