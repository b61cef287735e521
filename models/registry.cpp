#include "models/registry.h"

#include "models/cnn.h"
#include "models/cnn_2019.h"
#include "models/densenet.h"
#include "models/vgg.h"

namespace models {
namespace {

constexpr std::int64_t ct_classes = 6, imagenet_classes = 1000;

/// The options with the model's own values where they were left open.
ModelOptions completed(ModelOptions options, const ModelEntry& entry) {
  if (options.classes == 0) options.classes = options.head == Head::ct ? ct_classes : imagenet_classes;
  if (options.size == 0) options.size = entry.size;
  if (!options.dropout) options.dropout = entry.dropout;
  return options;
}

void check(const ModelOptions& options, const ModelEntry& entry) {
  const std::string_view name = entry.name;
  NN_CHECK(options.head == Head::ct || entry.has_imagenet_head, "[", name,
           "] has no imagenet head: the network was never trained on ImageNet; use the ct head");
  NN_CHECK(options.channels >= 1 && options.channels <= 256, "[", name, "] expects 1 to 256 input channels, got ",
           options.channels);
  NN_CHECK(options.classes >= 1 && options.classes <= 100000, "[", name, "] expects 1 to 100000 classes, got ",
           options.classes);
  NN_CHECK(options.size >= entry.smallest_size && options.size <= 4096, "[", name, "] expects an input of ",
           entry.smallest_size, " to 4096 pixels, got ", options.size);
  NN_CHECK(*options.dropout >= 0 && *options.dropout < 1, "[", name, "] expects dropout in [0, 1), got ",
           *options.dropout);
  NN_CHECK(options.batch_norm_epsilon > 0 && options.batch_norm_epsilon <= 0.1, "[", name,
           "] expects a batch norm epsilon above 0 and up to 0.1, got ", options.batch_norm_epsilon);
}

template <class Predicate>
std::string names_where(const Predicate& wanted) {
  std::string names;
  for (const ModelEntry& entry : all_models()) {
    if (wanted(entry)) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  return names;
}

}  // namespace

const std::vector<ModelEntry>& all_models() {
  static const std::vector<ModelEntry> models{
      cnn_entry(),         cnn_2019_entry(), densenet121_entry(), densenet169_entry(),
      densenet201_entry(), vgg16_entry(),    vgg16_bn_entry(),
  };
  return models;
}

std::string model_names() {
  return names_where([](const ModelEntry& /*entry*/) { return true; });
}

std::string model_names(bool ModelEntry::*feature) {
  return names_where([feature](const ModelEntry& entry) { return entry.*feature; });
}

const ModelEntry& find_model(std::string_view name) {
  for (const ModelEntry& entry : all_models()) {
    if (entry.name == name) return entry;
  }
  throw nn::Error(nn::message("there is no model '", name, "'; there are ", model_names()));
}

std::unique_ptr<nn::Module> make_model(std::string_view name, const ModelOptions& options) {
  const ModelEntry& entry = find_model(name);
  const ModelOptions complete = completed(options, entry);
  check(complete, entry);
  std::unique_ptr<nn::Module> model = entry.make(complete);
  model->initialize(complete.seed);
  return model;
}

}  // namespace models
