// The scratch network of the 2019 student project that this program grew out of, rebuilt exactly.
#pragma once

#include "models/registry.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/dropout.h"
#include "nn/layers/global_pool.h"
#include "nn/layers/linear.h"
#include "nn/layers/max_pool.h"

namespace models {

/// Four 2x2 convolutions of 96 channels at almost full resolution: 112,710 parameters, but 4.1 billion multiply-adds an
/// image of 224 x 224.
class Cnn2019 : public nn::Module {
 public:
  explicit Cnn2019(const ModelOptions& options);

  const char* kind() const override { return "Cnn2019"; }

 protected:
  nn::Variable forward(const nn::Variable& x, const nn::Context& context) override;

 private:
  nn::Conv2d &conv1_, &conv2_, &conv3_;
  nn::MaxPool2d& pool_;
  nn::Conv2d& conv4_;
  nn::GlobalAveragePool2d& global_pool_;
  nn::Dropout& dropout_;
  nn::Linear& classifier_;
};

ModelEntry cnn_2019_entry();

}  // namespace models
