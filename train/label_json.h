// Values by label as a JSON object: {"any": 0.1, "epidural": ...}.
#pragma once

#include <string>

#include "io/labels.h"
#include "train/evaluation/metrics.h"

namespace train {

/// `Json` is one of nlohmann's, whose headers stay in the .cpp files.
template <class Json>
Json by_label(const Probabilities& values) {
  Json object = Json::object();
  for (std::size_t i = 0; i < values.size(); ++i) object[std::string(io::label_names[i])] = values[i];
  return object;
}

/// Throws as `Json` does for a label that is missing and for what is no number.
template <class Json>
Probabilities from_labels(const Json& object) {
  Probabilities values = {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = object.at(std::string(io::label_names[i])).template get<double>();
  }
  return values;
}

}  // namespace train
