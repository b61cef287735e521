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

struct ModelOptions {
  std::int64_t channels = 3;        // of the input
  std::int64_t classes = 6;         // logits
  std::int64_t size = 0;            // pixels of the square input; 0: the model's own
  std::optional<double> dropout{};  // of the head; absent: the model's own
  std::uint64_t seed = 0;           // of the initial weights
};

/// One network: what it is, what it wants to be fed, and how to make it.
struct ModelEntry {
  std::string_view name;         // "cnn-2019"
  std::string_view description;  // one line
  std::int64_t size;             // pixels of the input, unless the user says otherwise
  std::int64_t smallest_size;    // below it the feature maps vanish
  double dropout;                // unless the user says otherwise
  /// A window's value v, from 0 to 1, is fed as (v - mean) / deviation, channel by channel.
  std::array<float, 3> mean{0, 0, 0}, deviation{1, 1, 1};
  /// A network with undrawn parameters. All fields of the options are set and checked.
  std::unique_ptr<nn::Module> (*make)(const ModelOptions& options);
};

/// Every network of the program, in alphabetical order.
const std::vector<ModelEntry>& all_models();
/// "cnn, cnn-2019": for messages and help.
std::string model_names();
/// The one of this name; an error lists the names there are.
const ModelEntry& find_model(std::string_view name);

/// A network with initial weights that depend on options.seed alone. Input {n, size, size, channels}, output
/// {n, 1, 1, classes}: logits. Throws nn::Error if an option is out of range.
std::unique_ptr<nn::Module> make_model(std::string_view name, const ModelOptions& options = {});

}  // namespace models
