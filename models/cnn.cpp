#include "models/cnn.h"

namespace models {
namespace {

constexpr std::int64_t stem_width = 32, width1 = 48, width2 = 96, width3 = 192;

constexpr nn::BatchNorm2d::Options with_relu(double epsilon) { return {.epsilon = epsilon, .relu = true}; }

/// 3x3, without bias: a batch norm follows each and would take it out again.
constexpr nn::Conv2d::Options convolution(std::int64_t stride) {
  return {.kernel = 3, .stride = stride, .padding = nn::pad(1), .bias = false};
}

}  // namespace

ResidualBlock::ResidualBlock(std::int64_t width, double batch_norm_epsilon)
    : norm1_(add_child<nn::BatchNorm2d>("norm1", width, with_relu(batch_norm_epsilon))),
      conv1_(add_child<nn::Conv2d>("conv1", width, width, convolution(1))),
      norm2_(add_child<nn::BatchNorm2d>("norm2", width, with_relu(batch_norm_epsilon))),
      conv2_(add_child<nn::Conv2d>("conv2", width, width, convolution(1))) {}

nn::MeasuredMap ResidualBlock::run(const nn::MeasuredMap& x, const nn::Context& context) {
  return nn::run_residual_chain({{norm1_, conv1_}, {norm2_, conv2_}}, x, context);
}

Stage::Stage(std::int64_t width_in, std::int64_t width, double batch_norm_epsilon)
    : norm_(add_child<nn::BatchNorm2d>("norm", width_in, with_relu(batch_norm_epsilon))),
      down_(add_child<nn::Conv2d>("down", width_in, width, convolution(2))),
      block_(add_child<ResidualBlock>("block", width, batch_norm_epsilon)) {}

nn::MeasuredMap Stage::run(const nn::MeasuredMap& x, const nn::Context& context) {
  return block_.run(nn::run_chain({{norm_, down_}}, x, context), context);
}

Cnn::Cnn(const ModelOptions& options)
    : stem_(add_child<nn::Conv2d>("stem", options.channels, stem_width, convolution(2))),
      stage1_(add_child<Stage>("stage1", stem_width, width1, options.batch_norm_epsilon)),
      stage2_(add_child<Stage>("stage2", width1, width2, options.batch_norm_epsilon)),
      stage3_(add_child<Stage>("stage3", width2, width3, options.batch_norm_epsilon)),
      norm_(add_child<nn::BatchNorm2d>("norm", width3, with_relu(options.batch_norm_epsilon))),
      global_pool_(add_child<nn::GlobalAverageMaxPool2d>("global_pool")),
      dropout_(add_child<nn::Dropout>("dropout", options.dropout.value())),
      classifier_(add_child<nn::Linear>("classifier", 2 * width3, options.classes)) {}

nn::Variable Cnn::forward(const nn::Variable& x, const nn::Context& context) {
  nn::MeasuredMap maps = nn::measured_conv(stem_, x, context);  // 256 -> 128
  for (Stage* stage : {&stage1_, &stage2_, &stage3_}) {
    maps = stage->run(maps, context);  // -> 64 -> 32 -> 16
  }
  nn::Variable y = norm_.with_statistics(maps.map, maps.statistics, context);
  y = global_pool_(y, context);  // {n, 1, 1, 2 * 192}
  return classifier_(dropout_(y, context), context);
}

ModelEntry cnn_entry() {
  return {.name = "cnn",
          .description = "small residual network for head CT: 3x3 convolutions, mean and maximum pooling",
          .size = 256,
          .smallest_size = 32,
          .dropout = 0.2,
          .make = [](const ModelOptions& options) -> std::unique_ptr<nn::Module> {
            return std::make_unique<Cnn>(options);
          }};
}

}  // namespace models
