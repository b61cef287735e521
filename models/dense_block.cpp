#include "models/dense_block.h"

#include <string>

namespace models {

FeatureMaps::FeatureMaps(const nn::Shape& shape, std::initializer_list<const nn::Variable*> inputs,
                         const nn::Context& context)
    : maps_(shape, inputs),
      measures_(context.batch_statistics()),
      mean_(nn::vector_shape(shape.c), inputs, nn::full_precision(maps_.dtype())),
      variance_(nn::vector_shape(shape.c), inputs, nn::full_precision(maps_.dtype())) {}

nn::MeasuredMap FeatureMaps::append(std::int64_t channels) {
  const nn::Variable y = maps_.append(channels);
  if (!measures_) return {y};
  return {y, {mean_.append(channels), variance_.append(channels)}};
}

nn::MeasuredMap FeatureMaps::maps() const {
  if (!measures_) return {maps_.filled()};
  return {maps_.filled(), {mean_.filled(), variance_.filled()}};
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
  const nn::MeasuredMap x = features.maps(), y = features.append(conv2_.weight().shape().n);
  if (recompute_ || x.map.tape() == nullptr) {  // without a tape nothing is kept in any case
    nn::run_chain_into({{norm1_, conv1_}, {norm2_, conv2_}}, x, y, context);
  } else {
    extend_and_keep(x, y, context);
  }
}

void DenseLayer::extend_and_keep(const nn::MeasuredMap& x, const nn::MeasuredMap& y, const nn::Context& context) {
  const nn::Variable normalized = norm1_.with_statistics(x.map, x.statistics, context);
  const nn::MeasuredMap bottleneck = nn::measured_conv(conv1_, normalized, context);
  nn::measured_conv_into(conv2_, norm2_.with_statistics(bottleneck.map, bottleneck.statistics, context), y, context);
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
