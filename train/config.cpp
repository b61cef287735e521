#include "train/config.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/files/json_text.h"
#include "io/files/printable.h"
#include "nn/core/error.h"

namespace train {
namespace {

using nlohmann::ordered_json;

/// Calls visit(name, member) for every option: the one list of what there is.
template <class Config, class Visit>
void for_each_option(Config& c, const Visit& visit) {
  visit("images", c.images);
  visit("labels", c.labels);
  visit("groups", c.groups);
  visit("model", c.model);
  visit("weights", c.weights);
  visit("weights-sha256", c.weights_sha256);
  visit("epochs", c.epochs);
  visit("batch", c.batch);
  visit("size", c.size);
  visit("input", c.input);
  visit("window", c.windows);
  visit("optimizer", c.optimizer);
  visit("lr", c.learning_rate);
  visit("backbone-lr", c.backbone_learning_rate);
  visit("warmup", c.warmup);
  visit("weight-decay", c.weight_decay);
  visit("dropout", c.dropout);
  visit("freeze-epochs", c.freeze_epochs);
  visit("batch-norm", c.batch_norm);
  visit("recompute", c.recompute);
  visit("augment", c.augment);
  visit("patience", c.patience);
  visit("validation", c.validation);
  visit("folds", c.folds);
  visit("fold", c.fold);
  visit("split", c.split);
  visit("split-seed", c.split_seed);
  visit("soft-labels", c.soft_labels);
  visit("missing-labels", c.missing_labels);
  visit("checkpoint-minutes", c.checkpoint_minutes);
  visit("seed", c.seed);
  visit("device", c.compute.device);
  visit("precision", c.compute.precision);
  visit("deterministic", c.compute.deterministic);
  visit("autotune", c.compute.autotune);
  visit("conv", c.compute.conv);
  visit("threads", c.threads);
}

ordered_json json_of(const TrainConfig& config) {
  ordered_json object;
  for_each_option(config, [&](const char* name, const auto& value) { object[name] = value; });
  return object;
}

/// The values of config.json are read strictly: what is not exactly of an option's type and in its range is refused.
void check_type(const char* name, const ordered_json& json, bool is, const char* expected) {
  NN_CHECK(is, "\"", name, "\": ", io::printable(json.dump()), " has the wrong type: expected ", expected);
}

template <class Number>
Number whole_number(const char* name, const ordered_json& json) {
  check_type(name, json, json.is_number_integer(), "a whole number");
  constexpr Number low = std::numeric_limits<Number>::min(), high = std::numeric_limits<Number>::max();
  // Numbers from 0 are kept as unsigned ones, others as signed ones.
  const bool fits = json.is_number_unsigned() ? std::in_range<Number>(json.get<std::uint64_t>())
                                              : std::in_range<Number>(json.get<std::int64_t>());
  NN_CHECK(fits, "\"", name, "\": ", json.dump(), " is out of range: expected a whole number from ", low, " to ", high);
  return json.get<Number>();
}

void read_value(const char* name, const ordered_json& json, bool& value) {
  check_type(name, json, json.is_boolean(), "true or false");
  value = json.get<bool>();
}

void read_value(const char* name, const ordered_json& json, int& value) { value = whole_number<int>(name, json); }

void read_value(const char* name, const ordered_json& json, std::uint64_t& value) {
  value = whole_number<std::uint64_t>(name, json);
}

void read_value(const char* name, const ordered_json& json, double& value) {
  check_type(name, json, json.is_number(), "a number");
  value = json.get<double>();
}

void read_value(const char* name, const ordered_json& json, std::string& value) {
  check_type(name, json, json.is_string(), "text");
  value = json.get<std::string>();
}

void read_value(const char* name, const ordered_json& json, std::vector<std::string>& value) {
  check_type(name, json, json.is_array(), "a list of texts");
  value.clear();
  for (const ordered_json& element : json) {
    std::string text;
    read_value(name, element, text);
    value.push_back(std::move(text));
  }
}

/// Refuses a key that stands twice, of which the parser would keep the last.
ordered_json parse_without_duplicates(std::string_view text) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  return ordered_json::parse(text, [&](int, ordered_json::parse_event_t event, ordered_json& parsed) {
    using Event = ordered_json::parse_event_t;
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key) {
      const auto key = parsed.get<std::string>();
      NN_CHECK(keys.back().insert(key).second, "\"", io::printable(key), "\" stands twice");
    }
    return true;
  });
}

TrainConfig config_of(const ordered_json& object) {
  NN_CHECK(object.is_object(), "expected an object of options");
  TrainConfig config;
  std::set<std::string> known;
  for_each_option(config, [&](const char* name, auto& value) {
    known.insert(name);
    if (!object.contains(name)) return;
    read_value(name, object.at(name), value);
  });
  for (const auto& [key, value] : object.items())
    NN_CHECK(known.contains(key), "there is no option \"", io::printable(key), "\"");
  return config;
}

}  // namespace

void check_is_text(const TrainConfig& config) {
  for_each_option(config, [](const char* name, const auto& value) {
    const ordered_json json = value;
    try {
      json.dump();
    } catch (const ordered_json::type_error&) {
      const std::string text = json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
      throw nn::Error(nn::message("--", name, " ", io::printable(text, 200),
                                  ": is not UTF-8, and config.json could not keep it; give another name, or a link"));
    }
  });
}

std::string to_json(const TrainConfig& config) { return json_of(config).dump(2) + "\n"; }

TrainConfig train_config_from_json(const std::string& json, const std::string& file) {
  try {
    return config_of(parse_without_duplicates(io::checked_json(json)));
  } catch (const ordered_json::exception& error) {
    throw nn::Error(nn::message(file, ": is no JSON: ", io::brief_error(error)));
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(file, ": ", error.what()));
  }
}

TrainConfig read_train_config(const std::filesystem::path& path) {
  return train_config_from_json(io::read_json_text(path), path.string());
}

TrainConfig merge(const TrainConfig& base, const TrainConfig& changes, const std::set<std::string>& names) {
  ordered_json merged = json_of(base);
  const ordered_json changed = json_of(changes);
  for (const std::string& name : names) {
    if (changed.contains(name)) merged[name] = changed[name];
  }
  return config_of(merged);
}

TrainConfig resumed(const TrainConfig& run, const TrainConfig& given, const std::set<std::string>& names) {
  TrainConfig wanted = resolve(merge(run, given, names));
  const ordered_json before = json_of(resolve(run)), now = json_of(wanted);
  for (const auto& [name, value] : before.items()) {
    if (value == now[name] || name == "threads" || name == "device") continue;
    if (name == "epochs" && wanted.epochs > run.epochs) continue;
    throw nn::Error(nn::message("--", name, " ", now[name].dump(), ": the run was started with ", value.dump(),
                                "; on resuming only --threads, --device, --quiet and more --epochs may differ"));
  }
  return wanted;
}

std::vector<std::pair<std::string, std::string>> option_table(const TrainConfig& config) {
  std::vector<std::pair<std::string, std::string>> table;
  const ordered_json options = json_of(config);  // items() refers to it
  for (const auto& [name, value] : options.items()) {
    table.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return table;
}

}  // namespace train
