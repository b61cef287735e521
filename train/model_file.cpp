#include "train/model_file.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "io/files/json_text.h"
#include "io/files/printable.h"
#include "models/registry.h"
#include "train/label_json.h"
#include "train/weights.h"

namespace train {
namespace {

using nlohmann::json;

constexpr const char* metadata_key = "falx";

json validation_json(const ModelDescription& d) {
  json auc = json::object();
  for (std::size_t i = 0; i < d.auc.size(); ++i) {
    auc[std::string(io::label_names[i])] = d.auc[i] ? json(*d.auc[i]) : json();
  }
  return {{"loss", d.validation_loss}, {"weighted_log_loss", d.weighted_log_loss}, {"auc", auc}};
}

/// NaN stands as null.
double number_or_nan(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

void read_validation(const json& object, ModelDescription& d) {
  d.validation_loss = number_or_nan(object.at("loss"));
  d.weighted_log_loss = number_or_nan(object.at("weighted_log_loss"));
  for (std::size_t i = 0; i < d.auc.size(); ++i) {
    const json& auc = object.at("auc").at(std::string(io::label_names[i]));
    if (!auc.is_null()) d.auc[i] = auc.get<double>();
  }
}

/// The major number of "1.0".
int major_version(const std::string& version) {
  int major = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), major);
  NN_CHECK(error == std::errc() && end != version.data() + version.size() && *end == '.', "format_version is '",
           io::printable(version), "', expected MAJOR.MINOR");
  return major;
}

void read_keys(const json& object, ModelDescription& d) {
  const std::string version = object.at("format_version").get<std::string>();
  NN_CHECK(major_version(version) <= format_major, "was written by a newer falx (format ", version,
           "; this one reads up to ", format_major, ".x): use that version");
  std::vector<std::string> labels(io::label_names.begin(), io::label_names.end());
  NN_CHECK(object.at("labels").get<std::vector<std::string>>() == labels,
           "has other labels: ", io::printable(object.at("labels").dump()));
  d.architecture = object.at("architecture").get<std::string>();
  d.batch_norm_epsilon = object.value("batch_norm_epsilon", d.batch_norm_epsilon);                         // since 1.1
  if (object.contains("pretrained")) d.pretrained = weight_origin_from_json(object["pretrained"].dump());  // since 1.1
  d.preprocessing = preprocessing_from_json(object.at("preprocessing").dump());
  d.class_prior = from_labels(object.at("class_prior"));
  d.data_hash = object.at("data_hash").get<std::string>();
  d.split_hash = object.at("split_hash").get<std::string>();
  d.by_patient = object.at("split_by_patient").get<bool>();
  d.seed = object.at("seed").get<std::uint64_t>();
  d.epoch = object.at("epoch").get<int>();
  read_validation(object.at("validation"), d);
  d.program_version = object.at("program_version").get<std::string>();
  d.weight_hash = object.at("weight_hash").get<std::string>();
}

json known_keys(const ModelDescription& d) {
  json object{{"format_version", std::to_string(format_major) + "." + std::to_string(format_minor)},
              {"architecture", d.architecture},
              {"batch_norm_epsilon", d.batch_norm_epsilon},
              {"labels", io::label_names},
              {"preprocessing", json::parse(to_json(d.preprocessing))},
              {"class_prior", by_label<json>(d.class_prior)},
              {"data_hash", d.data_hash},
              {"split_hash", d.split_hash},
              {"split_by_patient", d.by_patient},
              {"seed", d.seed},
              {"epoch", d.epoch},
              {"validation", validation_json(d)},
              {"program_version", d.program_version},
              {"weight_hash", d.weight_hash}};
  if (d.pretrained) object["pretrained"] = json::parse(to_json(*d.pretrained));
  return object;
}

std::filesystem::path model_path(const std::filesystem::path& path) {
  return std::filesystem::is_directory(path) ? path / "model.safetensors" : path;
}

ModelDescription description_of(const io::Safetensors& contents, const std::string& file) {
  const auto entry = contents.metadata.find(metadata_key);
  NN_CHECK(entry != contents.metadata.end(), file,
           ": these are weights without a description of their preprocessing (no metadata '", metadata_key,
           "'); expected a model that falx train wrote");
  return model_description_from_json(entry->second, file);
}

}  // namespace

std::string to_json(const ModelDescription& description) {
  json object = json::parse(description.other_keys);
  object.update(known_keys(description));
  return object.dump();
}

ModelDescription model_description_from_json(const std::string& text, const std::string& file) {
  ModelDescription description;
  try {
    json object = json::parse(io::checked_json(text));
    read_keys(object, description);
    const json known = known_keys(description);
    for (const auto& [key, value] : known.items()) object.erase(key);
    description.other_keys = object.dump();
  } catch (const json::exception& error) {
    throw nn::Error(nn::message(file, ": the model's description is damaged: ", io::brief_error(error)));
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(file, ": ", error.what()));
  }
  return description;
}

void write_model(const std::filesystem::path& path, ModelDescription description, nn::Module& network) {
  io::Safetensors contents{.tensors = export_weights(network), .metadata = {}};
  description.weight_hash = io::weight_hash(contents);
  contents.metadata[metadata_key] = to_json(description);
  io::write_safetensors(path, contents);
}

ModelFile read_model(const std::filesystem::path& path) {
  ModelFile file{.path = model_path(path), .description = {}, .contents = {}};
  file.contents = io::read_safetensors(file.path);
  file.description = description_of(file.contents, file.path.string());
  const std::string hash = io::weight_hash(file.contents);
  NN_CHECK(hash == file.description.weight_hash, file.path.string(), ": the weights are damaged: their SHA-256 is ",
           hash.substr(0, 12), ", the file says ", file.description.weight_hash.substr(0, 12));
  return file;
}

ModelDescription read_model_description(const std::filesystem::path& path) {
  const std::filesystem::path file = model_path(path);
  return description_of(io::read_safetensors_header(file), file.string());
}

std::unique_ptr<nn::Module> load_network(const ModelFile& file) {
  const Preprocessing& preprocessing = file.description.preprocessing;
  auto network =
      models::make_model(file.description.architecture, {.channels = preprocessing.channels(),
                                                         .classes = io::label_count,
                                                         .size = preprocessing.size,
                                                         .batch_norm_epsilon = file.description.batch_norm_epsilon});
  import_weights(file.contents, file.path.string(), *network);
  return network;
}

}  // namespace train
