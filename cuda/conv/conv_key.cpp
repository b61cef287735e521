#include "cuda/conv/conv_key.h"

#include <functional>

namespace cuda {
namespace {

const char* name(ConvPattern pattern) {
  switch (pattern) {
    case ConvPattern::forward:
      return "forward";
    case ConvPattern::forward_bias:
      return "forward_bias";
    case ConvPattern::forward_bias_relu:
      return "forward_bias_relu";
    case ConvPattern::backward_data:
      return "backward_data";
    case ConvPattern::backward_weights:
      return "backward_weights";
  }
  return "?";
}

}  // namespace

ConvKey with_options(ConvKey key, const nn::DeviceOptions& options) {
  key.deterministic = options.deterministic;
  key.tensor_float32 = options.tensor_float32 && key.dtype == nn::DType::f32;
  return key;
}

std::size_t ConvKeyHash::operator()(const ConvKey& key) const { return std::hash<std::string>()(text(key)); }

std::string text(const ConvKey& key) {
  const auto& [top, left, bottom, right] = key.geometry.padding;
  return nn::message(name(key.pattern), " ", key.dtype, " x ", key.x, " w ", key.w, " stride ", key.geometry.stride_h,
                     " x ", key.geometry.stride_w, " padding ", top, " ", left, " ", bottom, " ", right, " beta ",
                     key.beta, key.deterministic ? " deterministic" : "", key.tensor_float32 ? " TF32" : "");
}

cudnn::Graph conv_graph(const ConvKey& key) {
  cudnn::Graph graph;
  const nn::Shape y_shape = key.y();
  const cudnn::Operand x = graph.tensor(conv_x, key.x, key.dtype), w = graph.tensor(conv_w, key.w, key.dtype),
                       y = graph.tensor(conv_y, y_shape, key.dtype);
  const auto product = [&] {
    const cudnn::Operand result = graph.intermediate(y_shape, nn::DType::f32);
    graph.convolution_forward(x, w, result, key.geometry);
    return result;
  };
  const auto add_bias = [&](cudnn::Operand to, cudnn::Operand result) {
    graph.pointwise(CUDNN_POINTWISE_ADD, to, graph.tensor(conv_bias, nn::vector_shape(key.w.n), key.dtype), result);
  };
  switch (key.pattern) {
    case ConvPattern::forward:
      graph.convolution_forward(x, w, y, key.geometry);
      break;
    case ConvPattern::forward_bias:
      add_bias(product(), y);
      break;
    case ConvPattern::forward_bias_relu: {
      const cudnn::Operand sum = graph.intermediate(y_shape, nn::DType::f32);
      add_bias(product(), sum);
      graph.pointwise(CUDNN_POINTWISE_RELU_FWD, sum, y);
      break;
    }
    case ConvPattern::backward_data:
      graph.convolution_backward_data(y, w, x, key.geometry, key.beta);
      break;
    case ConvPattern::backward_weights:
      graph.convolution_backward_weights(x, y, w, key.geometry, key.beta);
      break;
  }
  graph.finish();
  return graph;
}

bool accepts(const ConvKey& key, const cudnn::EngineNotes& engine) {
  if (engine.compiled_at_run_time || (key.deterministic && engine.nondeterministic)) return false;
  const bool rounds_f32 = key.dtype == nn::DType::f32 && (engine.tensor_cores || engine.rounds_inputs);
  if (rounds_f32) return key.tensor_float32;
  return !engine.rounds_inputs && !engine.rounds_sums;
}

}  // namespace cuda
