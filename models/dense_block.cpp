#include "models/dense_block.h"

#include <string>

#include "nn/ops/normalize_conv2d.h"

namespace models {

FeatureMaps::FeatureMaps(const nn::Shape& shape, std::initializer_list<const nn::Variable*> inputs,
                         const nn::Context& context)
    : maps_(shape, inputs),
      measures_(context.batch_statistics()),
      mean_(nn::vector_shape(shape.c), inputs, nn::full_precision(maps_.dtype())),
      variance_(nn::vector_shape(shape.c), inputs, nn::full_precision(maps_.dtype())) {}

nn::ChannelStatistics FeatureMaps::statistics() const {
  if (!measures_) return {};
  return {mean_.filled(), variance_.filled()};
}

DenseLayer::DenseLayer(std::int64_t channels, const Options& options)
    : recompute_(options.recompute),
      norm1_(add_child<nn::BatchNorm2d>("norm1", channels,
                                        nn::BatchNorm2d::Options{.epsilon = options.epsilon, .relu = true})),
      conv1_(add_child<nn::Conv2d>("conv1", channels, options.bottleneck * options.growth,
                                   nn::Conv2d::Options{.kernel = 1, .bias = false})),
      norm2_(add_child<nn::BatchNorm2d>("norm2", options.bottleneck * options.growth,
                                        nn::BatchNorm2d::Options{.epsilon = options.epsilon, .relu = true})),
      conv2_(add_child<nn::Conv2d>("conv2", options.bottleneck * options.growth, options.growth,
                                   nn::Conv2d::Options{.kernel = 3, .padding = nn::pad(1), .bias = false})) {}

void DenseLayer::extend(FeatureMaps& features, const nn::Context& context) {
  const nn::Variable bottleneck = norm_conv(norm1_, conv1_, features.maps(), features.statistics(), {}, context);
  nn::ChannelStatistics of_bottleneck;
  if (context.batch_statistics()) of_bottleneck = nn::channel_statistics(bottleneck);
  features.append(conv2_.weight().shape().n,
                  [&](const nn::Variable& y) { norm_conv(norm2_, conv2_, bottleneck, of_bottleneck, y, context); });
}

nn::Variable DenseLayer::norm_conv(nn::BatchNorm2d& norm, nn::Conv2d& conv, const nn::Variable& x,
                                   const nn::ChannelStatistics& of_x, const nn::Variable& y,
                                   const nn::Context& context) const {
  if (!recompute_ && x.tape() != nullptr) {  // without a tape nothing is kept in any case
    const nn::Variable normalized = norm.with_statistics(x, of_x, context);
    return y.defined() ? conv.into(normalized, y, context) : conv(normalized, context);
  }
  const nn::Normalization normalization = norm.normalization(x, of_x, context);
  nn::Variable result = y.defined() ? nn::normalize_conv2d_into(x, normalization, conv.weight(), y, conv.geometry())
                                    : nn::normalize_conv2d(x, normalization, conv.weight(), conv.geometry());
  norm.tell_observer(x.shape(), x.shape(), context);
  conv.tell_observer(x.shape(), result.shape(), context);
  return result;
}

DenseBlock::DenseBlock(std::int64_t channels, std::int64_t layers, const DenseLayer::Options& options)
    : channels_(channels + layers * options.growth) {
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string name = "denselayer" + std::to_string(i + 1);
    layers_.push_back(&add_child<DenseLayer>(name, channels + i * options.growth, options));
  }
}

FeatureMaps DenseBlock::feature_maps(const nn::Shape& first, const nn::Variable& x, const nn::Variable& weight,
                                     const nn::Context& context) {
  // The buffer has a gradient as soon as any of its writers has one.
  const nn::Variable trainable = trainable_parameter();
  return FeatureMaps({first.n, first.h, first.w, channels_}, {&x, &weight, &trainable}, context);
}

nn::Variable DenseBlock::trainable_parameter() {
  for (const nn::NamedParameter& entry : parameters()) {
    if (entry.parameter->trainable()) return entry.parameter->variable();
  }
  return {};
}

void DenseBlock::extend(FeatureMaps& features, const nn::Context& context) {
  for (DenseLayer* layer : layers_) layer->extend(features, context);
}

}  // namespace models
