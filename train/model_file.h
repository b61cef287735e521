// model.safetensors: weights, and everything that prediction needs to know of how they came about.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "io/files/safetensors.h"
#include "models/registry.h"
#include "nn/layers/module.h"
#include "train/data/preprocessing.h"
#include "train/evaluation/metrics.h"
#include "train/pretrained/weight_origin.h"

namespace train {

/// Stored as JSON under the metadata key `falx`. Probabilities are by label name.
struct ModelDescription {
  std::string architecture;  // a name of models/registry.h
  double batch_norm_epsilon = models::usual_batch_norm_epsilon;
  std::optional<WeightOrigin> pretrained{};  // absent: trained from random weights
  Preprocessing preprocessing;
  Probabilities class_prior = {};     // prevalence of the training part
  std::string data_hash, split_hash;  // SHA-256
  bool by_patient = true;             // false: scores are "not split by patient"
  std::uint64_t seed = 0;
  int epoch = 0;  // after which the weights were kept
  double validation_loss = 0;
  double weighted_log_loss = 0;
  std::array<std::optional<double>, io::label_count> auc;
  std::string program_version;
  std::string weight_hash{};      // of the tensors; filled by reading and writing
  std::string other_keys = "{}";  // a JSON object: keys that this version does not know, kept
};

/// Newer majors mean that an old program would misread the file; newer minors only add keys.
inline constexpr int format_major = 1, format_minor = 1;

std::string to_json(const ModelDescription& description);
/// `file` names the source in messages. Throws nn::Error for a newer major version, other labels, missing keys.
ModelDescription model_description_from_json(const std::string& json, const std::string& file);

struct ModelFile {
  std::filesystem::path path;
  ModelDescription description;
  io::Safetensors contents;
};

void write_model(const std::filesystem::path& path, ModelDescription description, nn::Module& network);

/// Reads and checks a model file; of a run directory its model.safetensors. Throws nn::Error in one line: no model of
/// this program, a newer version, damaged weights (the hash does not fit).
ModelFile read_model(const std::filesystem::path& path);
/// The description alone, without the weights (which are then not checked).
ModelDescription read_model_description(const std::filesystem::path& path);

/// A network of the file's architecture with its weights, on the CPU.
std::unique_ptr<nn::Module> load_network(const ModelFile& file);

}  // namespace train
