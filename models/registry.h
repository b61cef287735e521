// The networks by name: what `--model` accepts.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layers/module.h"

namespace models {

/// Of batch norms: PyTorch's.
inline constexpr double usual_batch_norm_epsilon = 1e-5;

/// What stands on the features.
enum class Head {
  ct,        // this program's: global pool, dropout, linear; usually 6 logits
  imagenet,  // the one of the network's paper, under the names of public weight files; usually 1000 logits
};

struct ModelOptions {
  std::int64_t channels = 3;  // of the input
  Head head = Head::ct;
  std::int64_t classes = 0;                              // logits; 0: 6 with the ct head, 1000 with the imagenet head
  std::int64_t size = 0;                                 // pixels of the square input; 0: the model's own
  std::optional<double> dropout{};                       // of the ct head; absent: the model's own
  std::uint64_t seed = 0;                                // of the initial weights
  double batch_norm_epsilon = usual_batch_norm_epsilon;  // Keras's weight files want 1.001e-5
  bool recompute_batch_norm = true;  // DenseNet: compute BN-ReLU again in the backward pass instead of storing it
};

/// One network: what it is, what it wants to be fed, and how to make it.
struct ModelEntry {
  std::string_view name;         // "cnn-2019"
  std::string_view description;  // one line
  std::int64_t size;             // pixels of the input, unless the user says otherwise
  std::int64_t smallest_size;    // below it the feature maps vanish
  double dropout;                // of the ct head, unless the user says otherwise
  bool has_imagenet_head = false;
  bool can_recompute = false;   // heeds ModelOptions::recompute_batch_norm
  double learning_rate = 2e-3;  // of AdamW from random weights, unless the user says otherwise
  /// A window's value v, from 0 to 1, is fed as (v - mean) / deviation, channel by channel.
  std::array<float, 3> mean{0, 0, 0}, deviation{1, 1, 1};
  /// A network with undrawn parameters. All fields of the options are set and checked.
  std::unique_ptr<nn::Module> (*make)(const ModelOptions& options);
};

/// Every network of the program, in alphabetical order.
const std::vector<ModelEntry>& all_models();
/// "cnn, cnn-2019": for messages and help.
std::string model_names();
/// Of the networks with a feature: model_names(&ModelEntry::has_imagenet_head).
std::string model_names(bool ModelEntry::*feature);
/// The one of this name; an error lists the names there are.
const ModelEntry& find_model(std::string_view name);

/// A network with initial weights that depend on options.seed alone. Input {n, size, size, channels}, output
/// {n, 1, 1, classes}: logits. Throws nn::Error if an option is out of range.
std::unique_ptr<nn::Module> make_model(std::string_view name, const ModelOptions& options = {});

}  // namespace models
