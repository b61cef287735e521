#include "models/vgg.h"

#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/conv_chain.h"
#include "nn/layers/conv_pool.h"
#include "nn/layers/dropout.h"
#include "nn/layers/global_pool.h"
#include "nn/layers/linear.h"
#include "nn/layers/max_pool.h"
#include "nn/layers/relu.h"

namespace models {
namespace {

constexpr std::int64_t imagenet_size = 224;
constexpr double imagenet_dropout = 0.5;

/// A stage: 3x3 convolutions with ReLU, behind a batch norm if it has one, and a 2x2 maximum.
struct Stage {
  struct Step {
    nn::Conv2d& conv;
    nn::BatchNorm2d* norm;  // or null
  };
  std::vector<Step> steps;
  nn::MaxPool2d* pool = nullptr;

  nn::Variable run(const nn::Variable& x, const nn::Context& context) const {
    nn::Variable y = x;
    for (const auto& [conv, norm] : steps) {
      const bool last = &conv == &steps.back().conv;
      if (norm == nullptr) {
        y = last ? nn::conv_pool(conv, *pool, y, context) : conv(y, context);
      } else {
        y = last ? nn::conv_norm_pool(conv, *norm, *pool, y, context) : nn::conv_norm(conv, *norm, y, context);
      }
    }
    return y;
  }
};

/// All stages. Numbers the layers as torchvision does, where each ReLU is a layer of its own: 0, 2, pool 4, 5, ... or,
/// with batch norm, 0, 1, 3, 4, pool 6, ...
class Features : public nn::Module {
 public:
  Features(const VggConfiguration& configuration, const ModelOptions& options) {
    std::int64_t number = 0, in = options.channels;
    const auto next_name = [&] { return std::to_string(number++); };
    for (const std::vector<std::int64_t>& channels : configuration.stages) {
      Stage& stage = stages_.emplace_back();
      for (const std::int64_t out : channels) {
        auto& conv = add_child<nn::Conv2d>(
            next_name(), in, out,
            nn::Conv2d::Options{.kernel = 3, .padding = nn::pad(1), .relu = !configuration.batch_norm});
        nn::BatchNorm2d* norm = nullptr;
        if (configuration.batch_norm) {
          norm = &add_child<nn::BatchNorm2d>(
              next_name(), out, nn::BatchNorm2d::Options{.epsilon = options.batch_norm_epsilon, .relu = true});
        }
        stage.steps.push_back({conv, norm});
        next_name();  // the ReLU
        in = out;
      }
      stage.pool = &add_child<nn::MaxPool2d>(next_name(), nn::MaxPool2d::Options{.kernel = 2, .stride = 2});
    }
  }

  const char* kind() const override { return "Features"; }

 protected:
  nn::Variable forward(const nn::Variable& x, const nn::Context& context) override {
    nn::Variable y = x;
    for (const Stage& stage : stages_) y = stage.run(y, context);
    return y;
  }

 private:
  std::vector<Stage> stages_;
};

/// Linear 0, ReLU 1, dropout 2, linear 3, ReLU 4, dropout 5, linear 6.
void add_imagenet_head(nn::Sequential& network, const VggConfiguration& configuration, const ModelOptions& options) {
  const nn::Shape map{1, configuration.top_height, configuration.top_width, configuration.stages.back().back()};
  auto& classifier = network.add_named<nn::Sequential>("classifier");
  classifier.add<nn::Linear>(map, configuration.hidden, nn::init::he_normal);
  classifier.add<nn::Relu>();
  classifier.add<nn::Dropout>(imagenet_dropout);
  classifier.add<nn::Linear>(configuration.hidden, configuration.hidden, nn::init::he_normal);
  classifier.add<nn::Relu>();
  classifier.add<nn::Dropout>(imagenet_dropout);
  classifier.add<nn::Linear>(configuration.hidden, options.classes);
}

void add_ct_head(nn::Sequential& network, const VggConfiguration& configuration, const ModelOptions& options) {
  network.add_named<nn::GlobalAveragePool2d>("global_pool");
  network.add_named<nn::Dropout>("dropout", options.dropout.value());
  network.add_named<nn::Linear>("head", configuration.stages.back().back(), options.classes);
}

template <bool batch_norm>
std::unique_ptr<nn::Module> make_vgg16(const ModelOptions& options) {
  NN_CHECK(options.head == Head::ct || options.size == imagenet_size, batch_norm ? "[vgg16-bn]" : "[vgg16]",
           " the fully connected layers of the imagenet head take an input of ", imagenet_size,
           " pixels alone, not of ", options.size, "; the ct head takes any from 32 on");
  return std::make_unique<Vgg>(vgg16(batch_norm), options);
}

}  // namespace

VggConfiguration vgg16(bool batch_norm) {
  return {.stages = {{64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}},
          .batch_norm = batch_norm};
}

Vgg::Vgg(const VggConfiguration& configuration, const ModelOptions& options) {
  add_named<Features>("features", configuration, options);
  if (options.head == Head::imagenet) {
    add_imagenet_head(*this, configuration, options);
  } else {
    add_ct_head(*this, configuration, options);
  }
}

ModelEntry vgg16_entry() {
  return {.name = "vgg16",
          .description = "VGG of 2015: 13 convolutions 3x3; for ImageNet weights or long training",
          .size = imagenet_size,
          .smallest_size = 32,
          .dropout = 0.2,
          .has_imagenet_head = true,
          .learning_rate = 1e-4,
          .mean = {0.485F, 0.456F, 0.406F},
          .deviation = {0.229F, 0.224F, 0.225F},
          .make = make_vgg16<false>};
}

ModelEntry vgg16_bn_entry() {
  ModelEntry entry = vgg16_entry();
  entry.name = "vgg16-bn";
  entry.description = "vgg16 with batch norm behind every convolution";
  entry.learning_rate = 5e-4;
  entry.make = make_vgg16<true>;
  return entry;
}

}  // namespace models
