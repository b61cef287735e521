// DenseNet as the paper has it and as torchvision runs it: concatenate all maps before a layer, batch norm with
// statistics of its own, ReLU, convolution; the transition convolves first and pools then. What models/densenet.h is
// compared with, for values and gradients, time and memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/densenet.h"

namespace test {

/// The same parameters under the same names as its base, which run another way.
class TextbookDenseNet : public models::DenseNet {
 public:
  TextbookDenseNet(const models::DenseNetConfiguration& configuration, const models::ModelOptions& options);

 protected:
  nn::Variable forward(const nn::Variable& x, const nn::Context& context) override;

 private:
  /// `path` is that of the layer.
  const nn::Variable& parameter(const std::string& path) const { return parameters_.at(path)->variable(); }
  nn::Variable conv(const std::string& path, const nn::Variable& x, const nn::ConvGeometry& geometry = {}) const;
  nn::Variable norm_relu(const std::string& path, const nn::Variable& x, const nn::Context& context) const;
  nn::Variable dense_layer(const std::string& path, const nn::Variable& x, const nn::Context& context) const;
  nn::Variable features(const nn::Variable& x, const nn::Context& context) const;

  std::vector<std::int64_t> blocks_;
  double epsilon_;
  std::string head_;  // "classifier" or "head"
  std::map<std::string, nn::Parameter*> parameters_;
  std::map<std::string, nn::Tensor*> buffers_;
};

}  // namespace test
