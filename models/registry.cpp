#include "models/registry.h"

#include "models/cnn.h"
#include "models/cnn_2019.h"

namespace models {

const std::vector<ModelEntry>& all_models() {
  static const std::vector<ModelEntry> models{
      cnn_entry(),
      cnn_2019_entry(),
  };
  return models;
}

std::string model_names() {
  std::string names;
  for (const ModelEntry& entry : all_models()) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}

const ModelEntry& find_model(std::string_view name) {
  for (const ModelEntry& entry : all_models()) {
    if (entry.name == name) return entry;
  }
  throw nn::Error(nn::message("there is no model '", name, "'; there are ", model_names()));
}

std::unique_ptr<nn::Module> make_model(std::string_view name, const ModelOptions& options) {
  const ModelEntry& entry = find_model(name);
  ModelOptions complete = options;
  if (complete.size == 0) complete.size = entry.size;
  if (!complete.dropout) complete.dropout = entry.dropout;
  NN_CHECK(complete.channels >= 1 && complete.channels <= 256, "[", name, "] expects 1 to 256 input channels, got ",
           complete.channels);
  NN_CHECK(complete.classes >= 1 && complete.classes <= 100000, "[", name, "] expects 1 to 100000 classes, got ",
           complete.classes);
  NN_CHECK(complete.size >= entry.smallest_size && complete.size <= 4096, "[", name, "] expects an input of ",
           entry.smallest_size, " to 4096 pixels, got ", complete.size);
  NN_CHECK(*complete.dropout >= 0 && *complete.dropout < 1, "[", name, "] expects dropout in [0, 1), got ",
           *complete.dropout);
  std::unique_ptr<nn::Module> model = entry.make(complete);
  model->initialize(complete.seed);
  return model;
}

}  // namespace models
