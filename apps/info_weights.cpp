// falx info FILE: weights.
#include <fmt/format.h>
#include <algorithm>

#include "apps/info_parts.h"
#include "io/files/safetensors.h"
#include "io/files/weight_format.h"
#include "models/registry.h"
#include "train/pretrained/pretrained.h"
#include "train/pretrained/weight_summary.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

bool is_here(const std::string& architecture) {
  const std::vector<models::ModelEntry>& all = models::all_models();
  return std::any_of(all.begin(), all.end(), [&](const auto& entry) { return entry.name == architecture; });
}

std::string names_text(const train::WeightSummary& weights) {
  if (!weights.part_of.empty()) return "of a part of " + weights.part_of;
  if (weights.architecture.empty()) return "of none of " + train::pretrained_model_names();
  return fmt::format("of {}, {} ImageNet's classifier{}", weights.architecture,
                     weights.has_classifier ? "with" : "without",
                     is_here(weights.architecture) ? "" : "; falx does not have this network");
}

Facts describe_other_weights(const fs::path& path) {
  const train::WeightSummary weights = train::summarize_weights(path);
  Facts facts;
  facts.add("kind", "weights");
  facts.add("format", weights.format);
  facts.add("network", weights.architecture);
  facts.add("names", names_text(weights));
  facts.add("known as", weights.known_as);
  facts.add("tensors", weights.tensors);
  facts.add("parameters", weights.parameters);
  facts.add("other numbers", weights.other);
  facts.add("SHA-256", weights.sha256);
  for (const auto& [key, text] : weights.metadata) facts.add("metadata " + key, text);
  return facts;
}

void add_tensors(Facts& facts, const io::Safetensors& header) {
  std::int64_t elements = 0;
  for (const io::StoredTensor& tensor : header.tensors) elements += tensor.elements();
  facts.add("tensors", static_cast<std::int64_t>(header.tensors.size()));
  facts.add("numbers", elements);
}

Facts describe_own_weights(const fs::path& path, const io::Safetensors& header, bool is_model) {
  Facts facts;
  facts.add("kind", is_model ? "model of falx" : "checkpoint of falx");
  if (!is_model) {
    facts.add("network", header.metadata.at("architecture"));
    add_tensors(facts, header);
    facts.add("use", "falx train --resume goes on from it; falx info RUN tells how far the run is");
    return facts;
  }
  const train::ModelDescription description = train::read_model_description(path);
  add_model(facts, description);
  add_tensors(facts, header);
  facts.begin("its scores on validation");
  add_scores(facts, description);
  facts.begin("hashes");
  add_hashes(facts, description);
  return facts;
}

}  // namespace

std::string window_list(const std::vector<io::GreyWindow>& windows) {
  std::vector<std::string> texts;
  texts.reserve(windows.size());
  for (const io::GreyWindow& window : windows) texts.push_back(fmt::format("{:g}/{:g}", window.centre, window.width));
  return fmt::format("{}", fmt::join(texts, ", "));
}

void add_model(Facts& facts, const train::ModelDescription& d) {
  const train::Preprocessing& p = d.preprocessing;
  facts.add("network", d.architecture);
  facts.add("images", train::name(p.images));
  facts.add("input", train::name(p.input));
  facts.add("size", std::int64_t{p.size});
  facts.add("windows", window_list(p.windows));
  facts.add("split", d.by_patient ? "by patient" : "not by patient");
  facts.add("seed", d.seed);
  facts.add("written by", "falx " + d.program_version);
}

void add_scores(Facts& facts, const train::ModelDescription& d) {
  facts.add("best epoch", std::int64_t{d.epoch});
  facts.add("validation loss", d.validation_loss);
  facts.add("weighted log loss", d.weighted_log_loss);
  for (std::size_t i = 0; i < d.auc.size(); ++i) {
    if (d.auc[i]) facts.add("auc " + std::string(io::label_names[i]), *d.auc[i]);
  }
}

void add_hashes(Facts& facts, const train::ModelDescription& d) {
  facts.add("hash of training data", d.data_hash);
  facts.add("hash of split", d.split_hash);
  facts.add("hash of weights", d.weight_hash);
}

Facts describe_weights(const fs::path& path) {
  if (io::weight_format(path) != io::WeightFormat::safetensors) return describe_other_weights(path);
  const io::Safetensors header = io::read_safetensors_header(path);
  const bool is_model = header.metadata.contains("falx");
  const bool is_checkpoint = header.metadata.contains("falx_checkpoint") && header.metadata.contains("architecture");
  return is_model || is_checkpoint ? describe_own_weights(path, header, is_model) : describe_other_weights(path);
}

}  // namespace apps
