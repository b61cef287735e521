#include "train/head.h"

#include <algorithm>
#include <cmath>

namespace train {

std::string head_path(nn::Module& network) {
  const std::vector<nn::NamedParameter> parameters = network.parameters();
  NN_CHECK(!parameters.empty(), "[head_path] the network has no parameters");
  const std::string& last = parameters.back().path;
  return last.substr(0, last.find_last_of('.'));
}

void set_head_bias(nn::Module& network, const Probabilities& prior) {
  const std::vector<nn::NamedParameter> parameters = network.parameters();
  NN_CHECK(!parameters.empty() && parameters.back().path.ends_with("bias") &&
               parameters.back().parameter->shape() == nn::vector_shape(io::label_count),
           "[set_head_bias] the network does not end in a layer with ", io::label_count, " biases");
  std::vector<float> bias;
  for (const double p : prior) {
    const double share = std::clamp(p, 0.001, 0.999);
    bias.push_back(static_cast<float>(std::log(share / (1 - share))));
  }
  nn::copy_converted(nn::Tensor::from<float>(nn::vector_shape(io::label_count), bias),
                     parameters.back().parameter->value());
}

}  // namespace train
