// What a network starts from: random weights, or the pretrained ones of --weights with a new head.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "nn/layers/module.h"
#include "train/config.h"
#include "train/data/preprocessing.h"
#include "train/pretrained/pretrained.h"
#include "train/pretrained/weight_origin.h"
#include "train/run_directory.h"

namespace train {

/// Whether a run begins, or goes on from last.safetensors if there is one.
enum class Start { anew, from_checkpoint };

/// Both are empty without --weights. Going on from a checkpoint, the file of --weights is not read and need not exist:
/// only `origin` is there, from the checkpoint.
struct InitialWeights {
  std::optional<Pretrained> pretrained{};
  std::optional<WeightOrigin> origin{};
};

/// Throws nn::Error for a file that read_pretrained refuses, and for one that is not that of --weights-sha256.
InitialWeights read_initial_weights(const TrainConfig& config, const RunDirectory& directory, Start start);

/// Scales inputs to what the pretrained network saw. Pictures are fed red, green, blue, and the first layer's weights
/// are put in that order (ImportOptions::red_green_blue). Windows and slices are no colours: a window's value stands
/// for a picture's brightness, and the first window takes the place of the first channel that the weights saw, which is
/// red for `torch` and blue for `caffe`. With another number of channels than three, all take the mean of the three, as
/// they do in the first layer's weights.
void apply_scaling(PictureScaling scaling, Preprocessing& preprocessing);

/// describe(pretrained), and "; 604 tensors loaded; left out: classifier.bias, classifier.weight; new: head.bias,
/// head.weight".
std::string describe(const Pretrained& pretrained, const ImportReport& report);

}  // namespace train
