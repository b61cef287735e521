#include "train/pretrained/weight_manifest.h"

#include <nlohmann/json.hpp>

#include "nn/core/error.h"
#include "train/pretrained/embedded.h"

namespace train {
namespace {

using nlohmann::json;

/// "unknown" stands for what is not known.
std::string known(const json& entry, const char* key) {
  const std::string text = entry.at(key).get<std::string>();
  return text == "unknown" ? "" : text;
}

std::vector<KnownFile> parse() {
  std::vector<KnownFile> files;
  try {
    const json manifest = json::parse(embedded_weight_manifest);
    for (const json& entry : manifest.at("files")) {
      files.push_back({.name = entry.at("name").get<std::string>(),
                       .file = entry.at("file").get<std::string>(),
                       .model = entry.at("model").get<std::string>(),
                       .source = entry.at("source").get<std::string>(),
                       .licence = entry.at("licence").get<std::string>(),
                       .size = known(entry, "size"),
                       .sha256 = known(entry, "sha256"),
                       .md5 = known(entry, "md5")});
    }
  } catch (const json::exception& error) {
    throw nn::Error(nn::message("weights/manifest.json is malformed: ", error.what()));
  }
  return files;
}

}  // namespace

const std::vector<KnownFile>& weight_manifest() {
  static const std::vector<KnownFile> files = parse();
  return files;
}

std::optional<KnownFile> find_known_file(const io::FileHash& hash) {
  for (const KnownFile& file : weight_manifest()) {
    if ((!file.sha256.empty() && file.sha256 == hash.sha256) || (!file.md5.empty() && file.md5 == hash.md5))
      return file;
  }
  return {};
}

}  // namespace train
