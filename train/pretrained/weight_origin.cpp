#include "train/pretrained/weight_origin.h"

#include <nlohmann/json.hpp>

#include "io/files/json_text.h"
#include "nn/core/error.h"

namespace train {
namespace {

using nlohmann::json;

}  // namespace

WeightOrigin origin_of(const Pretrained& pretrained) {
  return {.file = pretrained.file.filename().string(),
          .known_as = pretrained.known_as,
          .sha256 = pretrained.file_hash,
          .scaling = pretrained.scaling,
          .batch_norm_epsilon = pretrained.batch_norm_epsilon};
}

std::string to_json(const WeightOrigin& origin) {
  return json{{"file", origin.file},
              {"known_as", origin.known_as},
              {"sha256", origin.sha256},
              {"scaling", name(origin.scaling)},
              {"batch_norm_epsilon", origin.batch_norm_epsilon}}
      .dump();
}

WeightOrigin weight_origin_from_json(const std::string& text) {
  try {
    const json object = json::parse(io::checked_json(text));
    return {.file = object.at("file").get<std::string>(),
            .known_as = object.at("known_as").get<std::string>(),
            .sha256 = object.at("sha256").get<std::string>(),
            .scaling = picture_scaling(object.at("scaling").get<std::string>()),
            .batch_norm_epsilon = object.at("batch_norm_epsilon").get<double>()};
  } catch (const json::exception& error) {
    throw nn::Error(nn::message("the origin of the weights is damaged: ", io::brief_error(error)));
  }
}

}  // namespace train
