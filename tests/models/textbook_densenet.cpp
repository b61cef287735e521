#include "tests/models/textbook_densenet.h"

#include "nn/kernels/batch_norm.h"
#include "nn/ops/activation.h"
#include "nn/ops/batch_norm.h"
#include "nn/ops/concat.h"
#include "nn/ops/conv2d.h"
#include "nn/ops/linear.h"
#include "nn/ops/pool.h"

namespace test {

using nn::Context;
using nn::Variable;

TextbookDenseNet::TextbookDenseNet(const models::DenseNetConfiguration& configuration,
                                   const models::ModelOptions& options)
    : DenseNet(configuration, options),
      blocks_(configuration.blocks),
      epsilon_(options.batch_norm_epsilon),
      head_(options.head == models::Head::ct ? "head" : "classifier") {
  for (const auto& [path, parameter] : parameters()) parameters_[path] = parameter;
  for (const auto& [path, buffer] : buffers()) buffers_[path] = buffer;
}

Variable TextbookDenseNet::conv(const std::string& path, const Variable& x, const nn::ConvGeometry& geometry) const {
  return nn::conv2d(x, parameter(path + ".weight"), {}, {.geometry = geometry});
}

Variable TextbookDenseNet::norm_relu(const std::string& path, const Variable& x, const Context& context) const {
  const nn::Tensor &mean = *buffers_.at(path + ".running_mean"), &variance = *buffers_.at(path + ".running_var");
  nn::ChannelStatistics statistics{Variable(mean), Variable(variance)};
  if (context.batch_statistics()) {
    statistics = nn::channel_statistics(x);
    nn::update_running_statistics(statistics.mean.value(), statistics.variance.value(), x.value().rows(), 0.1, mean,
                                  variance);
  }
  return nn::relu(
      nn::normalize(x, statistics, parameter(path + ".weight"), parameter(path + ".bias"), {.epsilon = epsilon_}));
}

Variable TextbookDenseNet::dense_layer(const std::string& path, const Variable& x, const Context& context) const {
  const Variable bottleneck = conv(path + ".conv1", norm_relu(path + ".norm1", x, context));
  return conv(path + ".conv2", norm_relu(path + ".norm2", bottleneck, context), {.padding = nn::pad(1)});
}

Variable TextbookDenseNet::features(const Variable& x, const Context& context) const {
  const std::string root = "features.";
  Variable y = conv(root + "conv0", x, {.stride_h = 2, .stride_w = 2, .padding = nn::pad(3)});
  y = nn::max_pool(norm_relu(root + "norm0", y, context),
                   {.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .padding = nn::pad(1)});
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const std::string number = std::to_string(i + 1), transition = root + "transition" + std::to_string(i);
    if (i > 0) y = nn::average_pool(conv(transition + ".conv", norm_relu(transition + ".norm", y, context)), {});
    std::vector<Variable> maps{y};
    for (std::int64_t layer = 1; layer <= blocks_[i]; ++layer) {
      const std::string path = root + "denseblock" + number + ".denselayer" + std::to_string(layer);
      maps.push_back(dense_layer(path, nn::concat(maps), context));
    }
    y = nn::concat(maps);
  }
  return norm_relu(root + "norm5", y, context);
}

Variable TextbookDenseNet::forward(const Variable& x, const Context& context) {
  return nn::linear(nn::global_average_pool(features(x, context)), parameter(head_ + ".weight"),
                    parameter(head_ + ".bias"));
}

}  // namespace test
