#include "apps/layer_algorithms.h"

#include "nn/cpu/choice/conv_choice.h"
#include "nn/layers/conv2d.h"

namespace apps {

std::string LayerAlgorithms::text() const {
  if (forward == backward_data && forward == backward_weights) return forward;
  return forward + ", " + backward_data + ", " + backward_weights;
}

LayerAlgorithms layer_algorithms(const nn::LayerNote& note) {
  using nn::cpu::ConvPass;
  const auto* conv = dynamic_cast<const nn::Conv2d*>(note.layer);
  if (conv == nullptr) return {};
  const auto algorithm = [&](ConvPass pass) {
    const nn::Shape& weights = conv->weight().shape();
    return std::string(name(nn::cpu::conv_algorithm(pass, note.input, weights, conv->geometry(), nn::DType::f32)));
  };
  return {algorithm(ConvPass::forward), algorithm(ConvPass::backward_data), algorithm(ConvPass::backward_weights)};
}

}  // namespace apps
