#include "models/densenet.h"

#include <string>

#include "nn/layers/dropout.h"
#include "nn/layers/global_pool.h"
#include "nn/layers/linear.h"

namespace models {
namespace {

nn::BatchNorm2d::Options with_relu(double epsilon) { return {.epsilon = epsilon, .relu = true}; }

template <int layers>
DenseNetConfiguration densenet() {
  static_assert(layers == 121 || layers == 169 || layers == 201);
  if (layers == 121) return {.blocks = {6, 12, 24, 16}};
  if (layers == 169) return {.blocks = {6, 12, 32, 32}};
  return {.blocks = {6, 12, 48, 32}};
}

template <int layers>
ModelEntry entry(std::string_view name, std::string_view description) {
  return {.name = name,
          .description = description,
          .size = 224,
          .smallest_size = 32,
          .dropout = 0.2,
          .has_imagenet_head = true,
          .can_recompute = true,
          .learning_rate = 1e-3,
          .mean = {0.485F, 0.456F, 0.406F},
          .deviation = {0.229F, 0.224F, 0.225F},
          .make = [](const ModelOptions& options) -> std::unique_ptr<nn::Module> {
            return std::make_unique<DenseNet>(densenet<layers>(), options);
          }};
}

}  // namespace

Transition::Transition(std::int64_t channels, double epsilon)
    : norm_(add_child<nn::BatchNorm2d>("norm", channels, with_relu(epsilon))),
      pool_(add_child<nn::AveragePool2d>("pool", nn::AveragePool2d::Options{.kernel = 2, .stride = 2})),
      conv_(add_child<nn::Conv2d>("conv", channels, channels / 2, nn::Conv2d::Options{.kernel = 1, .bias = false})) {}

FeatureMaps Transition::lead_to(DenseBlock& next, const FeatureMaps& features, const nn::Context& context) {
  const auto [map, statistics] = features.maps();
  const nn::Variable pooled = pool_(norm_.with_statistics(map, statistics, context), context);
  const nn::Shape first = conv_.output_shape(pooled.shape());
  FeatureMaps maps = next.feature_maps(first, pooled, conv_.weight(), context);
  nn::measured_conv_into(conv_, pooled, maps.append(first.c), context);
  return maps;
}

DenseFeatures::DenseFeatures(const DenseNetConfiguration& configuration, const ModelOptions& options)
    : conv0_(
          add_child<nn::Conv2d>("conv0", options.channels, configuration.stem,
                                nn::Conv2d::Options{.kernel = 7, .stride = 2, .padding = nn::pad(3), .bias = false})),
      norm0_(add_child<nn::BatchNorm2d>("norm0", configuration.stem, with_relu(options.batch_norm_epsilon))),
      pool0_(
          add_child<nn::MaxPool2d>("pool0", nn::MaxPool2d::Options{.kernel = 3, .stride = 2, .padding = nn::pad(1)})) {
  NN_CHECK(!configuration.blocks.empty(), "[densenet] expects at least one block");
  const DenseLayer::Options layer{
      .growth = configuration.growth, .epsilon = options.batch_norm_epsilon, .recompute = options.recompute_batch_norm};
  std::int64_t channels = configuration.stem;
  for (const std::int64_t layers : configuration.blocks) {
    if (!blocks_.empty()) {
      const std::string name = "transition" + std::to_string(blocks_.size());
      transitions_.push_back(&add_child<Transition>(name, channels, options.batch_norm_epsilon));
      channels /= 2;
    }
    const std::string name = "denseblock" + std::to_string(blocks_.size() + 1);
    blocks_.push_back(&add_child<DenseBlock>(name, channels, layers, layer));
    channels = blocks_.back()->channels();
  }
  norm5_ = &add_child<nn::BatchNorm2d>("norm5", channels, with_relu(options.batch_norm_epsilon));
}

FeatureMaps DenseFeatures::stem(const nn::Variable& x, const nn::Context& context) {
  const nn::Variable y = nn::conv_norm(conv0_, norm0_, x, context);
  const nn::Shape first = pool0_.output_shape(y.shape());
  FeatureMaps maps = blocks_[0]->feature_maps(first, y, {}, context);
  const auto [pooled, statistics] = maps.append(first.c);
  pool0_.into(y, pooled, context);
  if (context.batch_statistics()) nn::channel_statistics_into(pooled, statistics);
  return maps;
}

nn::Variable DenseFeatures::forward(const nn::Variable& x, const nn::Context& context) {
  FeatureMaps features = stem(x, context);  // 224 -> 56
  blocks_[0]->extend(features, context);
  for (std::size_t i = 1; i < blocks_.size(); ++i) {
    features = transitions_[i - 1]->lead_to(*blocks_[i], features, context);  // -> 28 -> 14 -> 7
    blocks_[i]->extend(features, context);
  }
  const auto [map, statistics] = features.maps();
  return norm5_->with_statistics(map, statistics, context);
}

DenseNet::DenseNet(const DenseNetConfiguration& configuration, const ModelOptions& options) {
  const std::int64_t channels = add_named<DenseFeatures>("features", configuration, options).channels();
  add_named<nn::GlobalAveragePool2d>("global_pool");
  if (options.head == Head::imagenet) {
    add_named<nn::Linear>("classifier", channels, options.classes);
  } else {
    add_named<nn::Dropout>("dropout", options.dropout.value());
    add_named<nn::Linear>("head", channels, options.classes);
  }
}

ModelEntry densenet121_entry() {
  return entry<121>("densenet121", "DenseNet of 2017, 121 layers; for ImageNet weights or long training");
}
ModelEntry densenet169_entry() { return entry<169>("densenet169", "densenet121 with longer blocks: 169 layers"); }
ModelEntry densenet201_entry() { return entry<201>("densenet201", "densenet121 with longer blocks: 201 layers"); }

}  // namespace models
