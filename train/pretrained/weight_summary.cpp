#include "train/pretrained/weight_summary.h"

#include <algorithm>
#include <array>

#include "io/files/file_hash.h"
#include "io/files/keras_weights.h"
#include "io/files/safetensors.h"
#include "io/files/weight_format.h"
#include "models/registry.h"
#include "train/pretrained/keras_names.h"
#include "train/pretrained/torch_names.h"
#include "train/pretrained/weight_manifest.h"

namespace train {
namespace {

/// By PyTorch's and Keras' names.
bool learns(const std::string& name) {
  constexpr std::array<const char*, 6> statistics = {"running_mean", "running_var",     "running_std",
                                                     "moving_mean",  "moving_variance", "num_batches_tracked"};
  return std::none_of(statistics.begin(), statistics.end(),
                      [&](const char* statistic) { return name.find(statistic) != std::string::npos; });
}

void count(const io::StoredTensor& tensor, WeightSummary& summary) {
  ++summary.tensors;
  (learns(tensor.name) ? summary.parameters : summary.other) += tensor.elements();
}

/// Of tensors under torchvision's names.
void recognize(const std::vector<io::StoredTensor>& tensors, WeightSummary& summary) {
  summary.architecture = architecture_of(tensors);
  summary.has_classifier = std::any_of(tensors.begin(), tensors.end(), [](const io::StoredTensor& tensor) {
    return tensor.name.starts_with("classifier.");
  });
}

void read_torch(const std::filesystem::path& file, WeightSummary& summary) {
  summary.format = "safetensors";
  io::Safetensors header = io::read_safetensors_header(file);
  summary.metadata = header.metadata;
  for (io::StoredTensor& tensor : header.tensors) {
    count(tensor, summary);
    tensor.name = torchvision_name(tensor.name);
  }
  recognize(header.tensors, summary);
}

/// The first network whose names the layers have: all DenseNets have the names of one.
void recognize(const io::KerasWeights& keras, WeightSummary& summary) {
  for (const models::ModelEntry& entry : models::all_models()) {
    if (!entry.has_imagenet_head) continue;
    try {
      recognize(from_keras_names(keras, entry.name).tensors, summary);
      if (summary.architecture.empty()) summary.part_of = entry.name;
      return;
    } catch (const nn::Error&) {  // NOLINT(bugprone-empty-catch): the names of another network
    }
  }
}

void read_keras(const std::filesystem::path& file, WeightSummary& summary) {
  summary.format = "Keras HDF5";
  const io::KerasWeights keras = io::read_keras_weights(file);
  if (!keras.keras_version.empty()) summary.metadata["keras_version"] = keras.keras_version;
  for (const io::KerasWeight& weight : keras.weights) count(weight.tensor, summary);
  recognize(keras, summary);
}

}  // namespace

WeightSummary summarize_weights(const std::filesystem::path& file) {
  WeightSummary summary;
  if (io::weight_format(file) == io::WeightFormat::hdf5) {
    read_keras(file, summary);
  } else {
    read_torch(file, summary);
  }
  const io::FileHash hash = io::hash_file(file);
  summary.sha256 = hash.sha256;
  if (const auto known = find_known_file(hash)) summary.known_as = known->name;
  return summary;
}

}  // namespace train
