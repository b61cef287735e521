#include "train/config.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/files/atomic_file.h"
#include "models/registry.h"
#include "train/optimizer.h"

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
  visit("epochs", c.epochs);
  visit("batch", c.batch);
  visit("size", c.size);
  visit("input", c.input);
  visit("window", c.windows);
  visit("optimizer", c.optimizer);
  visit("lr", c.learning_rate);
  visit("weight-decay", c.weight_decay);
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
  visit("device", c.device);
  visit("threads", c.threads);
}

ordered_json json_of(const TrainConfig& config) {
  ordered_json object;
  for_each_option(config, [&](const char* name, const auto& value) { object[name] = value; });
  return object;
}

TrainConfig config_of(const ordered_json& object) {
  NN_CHECK(object.is_object(), "expected an object of options");
  TrainConfig config;
  std::set<std::string> known;
  for_each_option(config, [&](const char* name, auto& value) {
    known.insert(name);
    if (!object.contains(name)) return;
    try {
      object.at(name).get_to(value);
    } catch (const ordered_json::exception&) {
      throw nn::Error(nn::message("\"", name, "\": ", object.at(name).dump(), " has the wrong type"));
    }
  });
  for (const auto& [key, value] : object.items()) NN_CHECK(known.contains(key), "there is no option \"", key, "\"");
  return config;
}

template <class Number>
void check_range(const char* name, Number value, Number low, Number high) {
  NN_CHECK(value >= low && value <= high, "--", name, " ", value, ": expected ", low, " to ", high);
}

void check_choice(const char* name, const std::string& value, std::initializer_list<const char*> choices) {
  std::string list;
  for (const char* choice : choices) {
    if (value == choice) return;
    list += (list.empty() ? "" : ", ") + std::string(choice);
  }
  throw nn::Error(nn::message("--", name, " ", value, ": expected one of ", list));
}

void check_ranges(const TrainConfig& c) {
  NN_CHECK(!c.images.empty(), "--images is required");
  NN_CHECK(!c.labels.empty(), "--labels is required");
  check_range("epochs", c.epochs, 1, 100000);
  check_range("batch", c.batch, 1, 4096);
  check_range("size", c.size, static_cast<int>(models::find_model(c.model).smallest_size), 1024);
  check_range("lr", c.learning_rate, 1e-9, 10.0);
  check_range("weight-decay", c.weight_decay, 0.0, 10.0);
  check_range("patience", c.patience, 0, 100000);
  check_range("checkpoint-minutes", c.checkpoint_minutes, 0.0, 1e6);
  check_choice("input", c.input, {"windows", "slices"});
  check_choice("missing-labels", c.missing_labels, {"error", "mask"});
  NN_CHECK(c.device != "cuda", "--device cuda: this falx was built without CUDA; use cpu or auto");
  check_choice("device", c.device, {"auto", "cpu"});
}

void check_split(const TrainConfig& c) {
  if (!c.split.empty()) {
    NN_CHECK(c.folds == 0, "--split holds the folds already: leave --folds out");
    return;
  }
  if (c.folds != 0) {
    check_range("folds", c.folds, 2, 100);
    check_range("fold", c.fold, 0, c.folds - 1);
    return;
  }
  NN_CHECK(c.fold == 0, "--fold needs --folds or --split");
  NN_CHECK(c.validation > 0 && c.validation < 1, "--validation ", c.validation, ": expected a share between 0 and 1");
}

void check_windows(const TrainConfig& c) {
  NN_CHECK(c.input != "slices" || c.windows.size() <= 1, "--input slices takes one --window, not ", c.windows.size());
  NN_CHECK(c.windows.size() <= most_windows, "--window: at most ", most_windows, " are possible, not ",
           c.windows.size());
  for (const std::string& window : c.windows) parse_window(window);
}

double usual_learning_rate(OptimizerKind kind) {
  switch (kind) {
    case OptimizerKind::sgd:
      return 0.05;
    case OptimizerKind::adam:
      return 1e-3;
    case OptimizerKind::adamw:
      break;
  }
  return 2e-3;
}

double usual_weight_decay(OptimizerKind kind) { return kind == OptimizerKind::adamw ? 0.1 : 1e-4; }

std::string absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

}  // namespace

TrainConfig resolve(TrainConfig c) {
  const models::ModelEntry& model = models::find_model(c.model);
  const OptimizerKind kind = optimizer_kind(c.optimizer);
  if (c.size == 0) c.size = static_cast<int>(model.size);
  if (c.learning_rate == 0) c.learning_rate = usual_learning_rate(kind);
  if (c.weight_decay < 0) c.weight_decay = usual_weight_decay(kind);
  check_ranges(c);
  check_split(c);
  check_windows(c);
  c.images = absolute(c.images);
  c.labels = absolute(c.labels);
  c.groups = absolute(c.groups);
  c.split = absolute(c.split);
  return c;
}

io::GreyWindow parse_window(const std::string& text) {
  const auto number = [&](std::string_view part) {
    double value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    NN_CHECK(error == std::errc() && end == part.data() + part.size() && std::isfinite(value), "--window ", text,
             ": expected CENTRE/WIDTH in HU, as 80/200");
    return value;
  };
  const std::string_view view = text;
  const std::size_t slash = view.find('/');
  NN_CHECK(slash != std::string_view::npos, "--window ", text, ": expected CENTRE/WIDTH in HU, as 80/200");
  const io::GreyWindow window{number(view.substr(0, slash)), number(view.substr(slash + 1))};
  NN_CHECK(window.width > 0, "--window ", text, ": the width must be positive");
  return window;
}

std::string to_json(const TrainConfig& config) { return json_of(config).dump(2) + "\n"; }

TrainConfig train_config_from_json(const std::string& json, const std::string& file) {
  try {
    return config_of(ordered_json::parse(json));
  } catch (const ordered_json::exception& error) {
    throw nn::Error(nn::message(file, ": is no JSON: ", error.what()));
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(file, ": ", error.what()));
  }
}

TrainConfig read_train_config(const std::filesystem::path& path) {
  return train_config_from_json(io::read_file(path), path.string());
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
  const TrainConfig wanted = resolve(merge(run, given, names));
  const ordered_json before = json_of(run), now = json_of(wanted);
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
