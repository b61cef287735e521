// The layout of Keras' .h5 weight files (Keras 1 and 2; Keras 3's `model.save("x.h5")`):
//
//   weights alone: the root;  a whole model: the group model_weights
//     attributes layer_names = ["conv1/conv", "conv1/bn", ...], keras_version, backend
//     group per layer, attribute weight_names = ["conv1/bn/gamma:0", "conv1/bn/beta:0", ...]
//       array per weight at LAYER/WEIGHT_NAME: "conv1/bn/conv1/bn/gamma:0"
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/files/safetensors.h"

namespace io {

struct KerasWeight {
  std::string layer;    // of layer_names: "conv1/bn"
  StoredTensor tensor;  // named as in weight_names, "conv1/bn/gamma:0"; in Keras' own order of dimensions
};

struct KerasWeights {
  std::string keras_version;  // "2.3.1"; empty: Keras 1
  std::string backend;        // "tensorflow"; empty: Keras 1
  std::vector<KerasWeight> weights;
};

/// All weights that the layers name; a whole model's optimizer state is passed over. Throws nn::Error in one line that
/// names the file: damaged, no Keras file, Keras 3's other layout (.weights.h5), a weight that is named and not there,
/// more data than the file can hold. Runs libhdf5 in a process of its own, because damaged files can crash it.
KerasWeights read_keras_weights(const std::filesystem::path& path);

}  // namespace io
