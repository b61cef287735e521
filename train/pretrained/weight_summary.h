// What a weight file holds, by its names: for people who have one and wonder what it is for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace train {

struct WeightSummary {
  std::string format;           // "safetensors", "Keras HDF5"
  std::int64_t tensors = 0;     // all of them
  std::int64_t parameters = 0;  // numbers that learn
  std::int64_t other = 0;       // and those that do not: statistics of batch norms, counters
  std::string architecture;     // whose names they are, "densenet121"; also one that models/ does not have; or empty
  std::string part_of;          // without an architecture, a network whose names they all are nevertheless
  bool has_classifier = false;  // of ImageNet; if there is an architecture
  std::string known_as;         // what weights/manifest.json calls a file of this hash; empty: unknown
  std::string sha256;           // of the file's bytes
  std::map<std::string, std::string> metadata{};  // of a .safetensors; of Keras its version, if the file says it
};

/// Reads names and shapes, of a Keras file all of it, and every byte for the hash. Throws nn::Error in one line that
/// names the file for anything that is no .safetensors or Keras .h5, and for a damaged one.
WeightSummary summarize_weights(const std::filesystem::path& file);

}  // namespace train
