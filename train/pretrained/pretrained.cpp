#include "train/pretrained/pretrained.h"

#include <algorithm>

#include "io/files/file_hash.h"
#include "io/files/keras_weights.h"
#include "io/files/printable.h"
#include "io/files/weight_format.h"
#include "models/registry.h"
#include "train/pretrained/keras_names.h"
#include "train/pretrained/pretrained_metadata.h"
#include "train/pretrained/torch_names.h"
#include "train/pretrained/weight_manifest.h"

namespace train {
namespace {

constexpr double keras_epsilon = 1.001e-5;  // of the batch norms of Keras Applications' DenseNet

void take(Pretrained& pretrained, TorchvisionWeights&& weights) {
  pretrained.weights.tensors = std::move(weights.tensors);
  pretrained.left_out = std::move(weights.left_out);
}

/// Keras' VGG is the Caffe original; all others were trained, or converted, with torch's scaling.
void read_keras(Pretrained& pretrained, std::string_view model) {
  pretrained.format = "Keras HDF5";
  take(pretrained, from_keras_names(io::read_keras_weights(pretrained.file), model));
  pretrained.scaling = model.starts_with("vgg") ? PictureScaling::caffe : PictureScaling::torch;
  pretrained.batch_norm_epsilon = keras_epsilon;
}

void read_torch(Pretrained& pretrained) {
  pretrained.format = "safetensors";
  io::Safetensors file = io::read_safetensors(pretrained.file);
  NN_CHECK(!file.metadata.contains("falx"),
           "is a model that falx train wrote, expected weights of ImageNet; falx predict --model takes it");
  take(pretrained, from_torch_names(std::move(file.tensors)));
  read_metadata(file.metadata, pretrained);
}

void check_architecture(Pretrained& pretrained, std::string_view model) {
  std::string found = architecture_of(pretrained.weights.tensors);
  NN_CHECK(found.empty() || found == model, "holds the weights of ", found, ", expected ", model,
           "; the model must be the file's");
  NN_CHECK(pretrained.architecture.empty() || pretrained.architecture == model, "says it holds the weights of ",
           pretrained.architecture, ", expected ", model);
  pretrained.architecture = model;
}

}  // namespace

std::string_view name(PictureScaling scaling) { return scaling == PictureScaling::torch ? "torch" : "caffe"; }

PictureScaling picture_scaling(std::string_view text) {
  for (const PictureScaling scaling : {PictureScaling::torch, PictureScaling::caffe}) {
    if (text == name(scaling)) return scaling;
  }
  throw nn::Error(nn::message("the picture scaling '", io::printable(text), "' is neither torch nor caffe"));
}

const ScalingNumbers& numbers(PictureScaling scaling) {
  static const ScalingNumbers torch = {
      .order = {0, 1, 2}, .mean = {0.485, 0.456, 0.406}, .deviation = {0.229, 0.224, 0.225}};
  static const ScalingNumbers caffe = {.order = {2, 1, 0},
                                       .mean = {103.939 / 255, 116.779 / 255, 123.68 / 255},
                                       .deviation = {1.0 / 255, 1.0 / 255, 1.0 / 255}};
  return scaling == PictureScaling::torch ? torch : caffe;
}

void check_pretrained_model(std::string_view model) {
  const std::vector<models::ModelEntry>& all = models::all_models();
  const bool known = std::any_of(all.begin(), all.end(), [&](const models::ModelEntry& entry) {
    return entry.name == model && entry.has_imagenet_head;
  });
  NN_CHECK(known, "there are no ImageNet weights for '", io::printable(model), "'; there are for ",
           pretrained_model_names());
}

Pretrained read_pretrained(const std::filesystem::path& file, std::string_view model) {
  check_pretrained_model(model);
  Pretrained pretrained;
  pretrained.file = file;
  const io::WeightFormat format = io::weight_format(file);
  const io::FileHash hash = io::hash_file(file);
  pretrained.file_hash = hash.sha256;
  if (const auto known = find_known_file(hash)) pretrained.known_as = known->name;
  try {
    if (format == io::WeightFormat::hdf5) {
      read_keras(pretrained, model);
    } else {
      read_torch(pretrained);
    }
    check_architecture(pretrained, model);
  } catch (const nn::Error& error) {
    const std::string what = error.what();  // the readers name the file, the rest does not
    throw nn::Error(what.starts_with(file.string()) ? what : nn::message(file.string(), ": ", what));
  }
  return pretrained;
}

std::string pretrained_model_names() { return models::model_names(&models::ModelEntry::has_imagenet_head); }

std::string describe(const Pretrained& p) {
  return nn::message(p.file.string(), ": ", p.format, ", SHA-256 ", p.file_hash, ", ",
                     p.known_as.empty() ? "not in the manifest of known weight files" : "known as " + p.known_as);
}

}  // namespace train
