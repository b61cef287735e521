#include "train/ensemble/ensemble_directory.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "io/files/atomic_file.h"
#include "io/files/json_text.h"
#include "io/files/printable.h"
#include "io/files/sha256.h"
#include "nn/core/error.h"
#include "train/label_json.h"

namespace train {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// What falx ensemble scores members on, which is the same for all of them.
constexpr const char* out_of_fold_images = "out-of-fold";

/// "members/cnn.safetensors"; of a recipe of folds "members/cnn-fold0.safetensors".
std::string file_of(const Member& member, std::size_t model) {
  const std::string fold = member.models.size() > 1 ? "-fold" + std::to_string(model) : "";
  return "members/" + member.name + fold + ".safetensors";
}

/// Copies the models of one member; what ensemble.json says of it.
ordered_json write_member(const EnsembleDirectory& directory, const Ensemble& ensemble, std::size_t at) {
  const Member& member = ensemble.members[at];
  ordered_json models = ordered_json::array();
  for (std::size_t m = 0; m < member.models.size(); ++m) {
    const std::string file = file_of(member, m), bytes = io::read_file(member.models[m].path);
    io::write_file_atomically(directory.path / file, bytes);
    models.push_back({{"file", file}, {"sha256", io::sha256_hex(bytes)}});
  }
  ordered_json object = {{"name", member.name}};
  if (!ensemble.weights.empty()) object["weights"] = by_label<ordered_json>(ensemble.weights[at]);
  object["validation_score"] =
      std::isfinite(member.validation_score) ? ordered_json(member.validation_score) : ordered_json();
  object["models"] = models;
  return object;
}

void write_files(const EnsembleDirectory& directory, const Ensemble& ensemble) {
  std::error_code error;
  fs::create_directories(directory.members(), error);
  NN_CHECK(!error, directory.members().string(), ": cannot be made: ", error.message());
  ordered_json members = ordered_json::array();
  for (std::size_t i = 0; i < ensemble.members.size(); ++i) members.push_back(write_member(directory, ensemble, i));
  const ordered_json object = {{"format_version", ensemble_format},  {"program_version", FALX_VERSION},
                               {"labels", io::label_names},          {"rule", name(ensemble.rule)},
                               {"tta", name(ensemble.augmentation)}, {"members", members}};
  io::write_file_atomically(directory.description(), object.dump(2) + "\n");
}

/// A file below the directory and nowhere else: ensemble.json is not trusted.
fs::path checked_path(const fs::path& directory, const std::string& file) {
  const fs::path path = fs::path(file).lexically_normal();
  NN_CHECK(path.is_relative() && path.has_filename() && *path.begin() != "..", "'", io::printable(file),
           "' is no file of this directory");
  return directory / path;
}

ModelFile read_model_of(const fs::path& directory, const std::string& member, const ordered_json& object) {
  const std::string file = object.at("file").get<std::string>(), stated = object.at("sha256").get<std::string>();
  const fs::path path = checked_path(directory, file);
  NN_CHECK(fs::is_regular_file(path), "member ", io::printable(member), ": ", io::printable(file),
           " is missing; copy the whole directory, or make the ensemble again");
  const std::string found = io::sha256_hex(io::read_file(path));
  NN_CHECK(found == stated, "member ", io::printable(member), ": ", io::printable(file),
           " is not the model that the weights were made for: its ", "SHA-256 is ", found.substr(0, 12), ", expected ",
           io::printable(stated, 12));
  return read_model(path);
}

Ensemble read_description(const fs::path& directory, const ordered_json& object) {
  const int version = object.at("format_version").get<int>();
  NN_CHECK(version <= ensemble_format, "was written by a newer falx (format ", version, "; this one reads up to ",
           ensemble_format, "): use that version");
  const std::vector<std::string> labels(io::label_names.begin(), io::label_names.end());
  NN_CHECK(object.at("labels").get<std::vector<std::string>>() == labels,
           "has other labels: ", io::printable(object.at("labels").dump()));
  Ensemble ensemble{.members = {}, .rule = ensemble_rule(object.at("rule").get<std::string>())};
  ensemble.augmentation = test_time_augmentation(object.at("tta").get<std::string>());
  for (const ordered_json& entry : object.at("members")) {
    Member& member = ensemble.members.emplace_back(Member{.name = entry.at("name").get<std::string>(), .models = {}});
    for (const ordered_json& model : entry.at("models")) {
      member.models.push_back(read_model_of(directory, member.name, model));
    }
    member.validation_images = out_of_fold_images;
    const ordered_json& score = entry.at("validation_score");
    if (!score.is_null()) member.validation_score = score.get<double>();
    if (entry.contains("weights")) ensemble.weights.push_back(from_labels(entry.at("weights")));
  }
  ensemble.check();
  return ensemble;
}

/// What ensemble.json names; nothing if there is none.
std::set<std::string> named_files(const fs::path& description) {
  std::set<std::string> files;
  if (!fs::exists(description)) return files;
  const std::string text = io::read_json_text(description);
  try {
    const ordered_json object = ordered_json::parse(io::checked_json(text));
    for (const ordered_json& member : object.at("members")) {
      for (const ordered_json& model : member.at("models")) files.insert(model.at("file").get<std::string>());
    }
  } catch (const ordered_json::exception& error) {
    throw nn::Error(nn::message(description.string(), ": not what falx ensemble writes: ", io::brief_error(error)));
  }
  return files;
}

}  // namespace

std::vector<fs::path> member_files(const EnsembleDirectory& directory) {
  if (!fs::exists(fs::symlink_status(directory.members()))) return {};
  NN_CHECK(fs::is_directory(directory.members()), directory.members().string(), ": expected a directory of models");
  const std::set<std::string> named = named_files(directory.description());
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory.members())) {
    NN_CHECK(named.contains("members/" + entry.path().filename().string()), entry.path().string(),
             ": is none of the ensemble's models, and is neither removed nor replaced; give another --out");
    files.push_back(entry.path());
  }
  return files;
}

void write_ensemble(const EnsembleDirectory& directory, const Ensemble& ensemble) {
  ensemble.check();
  try {
    write_files(directory, ensemble);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(directory.members(), ignored);
    throw;
  }
}

bool is_ensemble(const fs::path& path) { return fs::is_regular_file(EnsembleDirectory{path}.description()); }

Ensemble read_ensemble(const fs::path& path) {
  const fs::path file = EnsembleDirectory{path}.description();
  const std::string text = io::read_json_text(file);
  try {
    return read_description(path, ordered_json::parse(io::checked_json(text)));
  } catch (const ordered_json::exception& error) {
    throw nn::Error(nn::message(file.string(), ": not what falx ensemble writes: ", io::brief_error(error)));
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(file.string(), ": ", error.what()));
  }
}

}  // namespace train
