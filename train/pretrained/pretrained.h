// Weights that somebody else trained (ImageNet), from the files that people have: reading them under one set of names
// and one layout, and putting them into a network.
//
//   file.h5 (Keras: HWIO, "conv1/bn") --.
//                                        >-- Pretrained (torchvision's names, OIHW) --> import_pretrained --> network
//   file.safetensors (torchvision) -----'                                         '--> falx convert
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "io/files/safetensors.h"
#include "models/registry.h"
#include "nn/layers/module.h"

namespace train {

/// How the pictures were scaled that a network was trained on; v is a channel's value from 0 to 1.
///   torch: red, green, blue; (v - {0.485, 0.456, 0.406}) / {0.229, 0.224, 0.225}
///   caffe: blue, green, red; 255 v - {103.939, 116.779, 123.68}
enum class PictureScaling { torch, caffe };

/// "torch", "caffe"
std::string_view name(PictureScaling scaling);
/// Throws nn::Error for anything else.
PictureScaling picture_scaling(std::string_view text);

/// A scaling as numbers: channel c of the network's input is colour order[c] of the picture (0 red, 1 green, 2 blue),
/// (v - mean[c]) / deviation[c] with v from 0 to 1: what Preprocessing::mean and deviation hold.
struct ScalingNumbers {
  std::array<int, 3> order;
  std::array<double, 3> mean, deviation;
};
const ScalingNumbers& numbers(PictureScaling scaling);

struct Pretrained {
  std::filesystem::path file;
  std::string format;        // "safetensors", "Keras HDF5"
  std::string architecture;  // a name of models/registry.h: "densenet121", "vgg16"
  PictureScaling scaling = PictureScaling::torch;
  double batch_norm_epsilon = models::usual_batch_norm_epsilon;  // Keras trains DenseNet with 1.001e-5
  io::Safetensors weights;                                       // torchvision's names, f32, OIHW
  std::string file_hash;                                         // SHA-256 of the file's bytes
  std::string known_as;                 // what weights/manifest.json calls a file of this hash; empty: unknown
  std::vector<std::string> left_out{};  // of the file's tensors: what no network has a use for (num_batches_tracked)
};

/// Reads weights for the network `model` (a name of models/registry.h): .safetensors with torchvision's or timm's
/// names, or a Keras .h5, told apart by their first bytes. Throws nn::Error in one line that names the file, for
/// everything else (a .pth, a Git LFS pointer, a web page, a truncated file) with what to do instead, and for the
/// weights of another network.
Pretrained read_pretrained(const std::filesystem::path& file, std::string_view model);

/// Throws nn::Error with the names there are, unless `model` is a network with an ImageNet head.
void check_pretrained_model(std::string_view model);

/// "densenet121, densenet169, ...": the networks of models/registry.h that have an ImageNet head.
std::string pretrained_model_names();

/// "densenet121.h5: Keras HDF5, SHA-256 0123..., known as Keras Applications DenseNet121": for the user to read.
std::string describe(const Pretrained& pretrained);

/// Names of tensors, sorted. Every tensor of the file is in `loaded` or `left_out`, every parameter and buffer of the
/// network in `loaded` or `fresh`.
struct ImportReport {
  std::vector<std::string> loaded;
  std::vector<std::string> left_out;  // on purpose: a classifier that the network lacks, and Pretrained::left_out
  std::vector<std::string> fresh;     // as the network had them: its own head; with `partial`, what the file lacks
};

struct ImportOptions {
  bool partial = false;  // parameters that the file lacks stay as they are
  /// The network is fed colour pictures, red, green, blue, whatever order the file's network saw: its first layer gets
  /// that order (`caffe`'s blue, green, red is turned around), so that each weight meets the colour it was trained on.
  bool red_green_blue = false;
};

/// Copies the weights into the network, all or nothing. Two differences are meant to be:
///
/// - A network with a head of its own ("head.weight") and no "classifier.*" keeps its head as it is; the file's
///   classifier is left out.
/// - A first layer with another number of input channels takes, for each of its channels, the sum of the file's three
///   over the number of channels: w[:, k] = sum over rgb of w_file[:, rgb] / channels. A grey picture repeated in all
///   channels then gives the activations that it gave the original network (for equal scaling of the channels).
///
/// Any other missing, surplus or misshaped tensor is an nn::Error that names them all.
ImportReport import_pretrained(const Pretrained& pretrained, nn::Module& network, const ImportOptions& options = {});

}  // namespace train
