#include "models/cnn_2019.h"

namespace models {
namespace {

constexpr std::int64_t width = 96;

/// Keras's defaults: no padding ("valid"), Glorot's uniform weights, zero biases.
constexpr nn::Conv2d::Options convolution{.kernel = 2, .relu = true, .initializer = nn::init::glorot_uniform};

}  // namespace

Cnn2019::Cnn2019(const ModelOptions& options)
    : conv1_(add_child<nn::Conv2d>("conv1", options.channels, width, convolution)),
      conv2_(add_child<nn::Conv2d>("conv2", width, width, convolution)),
      conv3_(add_child<nn::Conv2d>("conv3", width, width, convolution)),
      pool_(add_child<nn::MaxPool2d>("pool", nn::MaxPool2d::Options{.same = true})),
      conv4_(add_child<nn::Conv2d>("conv4", width, width, convolution)),
      global_pool_(add_child<nn::GlobalAveragePool2d>("global_pool")),
      dropout_(add_child<nn::Dropout>("dropout", options.dropout.value())),
      classifier_(add_child<nn::Linear>("classifier", width, options.classes)) {}

nn::Variable Cnn2019::forward(const nn::Variable& x, const nn::Context& context) {
  nn::Variable y = conv1_(x, context);              // 224 -> 223
  y = conv2_(y, context);                           //     -> 222
  y = conv3_(y, context);                           //     -> 221
  y = pool_(y, context);                            //     -> 111
  y = conv4_(y, context);                           //     -> 110
  y = dropout_(global_pool_(y, context), context);  // {n, 1, 1, 96}
  return classifier_(y, context);
}

ModelEntry cnn_2019_entry() {
  return {.name = "cnn-2019",
          .description = "the original's scratch network: four 2x2 convolutions of 96 channels",
          .size = 224,
          .smallest_size = 6,
          .dropout = 0.2,
          .make = [](const ModelOptions& options) -> std::unique_ptr<nn::Module> {
            return std::make_unique<Cnn2019>(options);
          }};
}

}  // namespace models
