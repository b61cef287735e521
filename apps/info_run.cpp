// falx info RUN and falx info ENSEMBLE.
#include <fmt/format.h>
#include <map>

#include "apps/info_parts.h"
#include "train/config.h"
#include "train/conv_choices.h"
#include "train/ensemble/ensemble_directory.h"
#include "train/history.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

using Settings = std::vector<std::pair<std::string, std::string>>;

/// Those of a run of which nothing but data, network, weights and optimizer was said, by option: what the others are
/// then depends on these.
std::map<std::string, std::string> usual_settings(const train::TrainConfig& config) {
  const train::TrainConfig unset;
  train::TrainConfig usual;
  usual.images = config.images;
  usual.labels = config.labels;
  usual.model = config.model;
  usual.weights = config.weights;
  usual.optimizer = config.optimizer;
  usual.compute.conv = "auto";
  try {
    usual = train::resolve(usual);
  } catch (const nn::Error&) {  // NOLINT(bugprone-empty-catch): a model that this version lacks has no usual values
  }
  usual.images = usual.labels = usual.weights = "";
  usual.model = unset.model;
  usual.optimizer = unset.optimizer;
  const Settings table = train::option_table(usual);
  return {table.begin(), table.end()};
}

void add_settings(Facts& facts, const train::TrainConfig& config) {
  const std::map<std::string, std::string> usual = usual_settings(config);
  const Settings settings = train::option_table(config);
  const auto add = [&](const char* heading, bool as_usual) {
    facts.begin(heading);
    for (const auto& [option, value] : settings) {
      if ((usual.at(option) == value) == as_usual) facts.add("option " + option, value);
    }
  };
  add("settings that differ from the usual ones", false);
  add("settings that are the usual ones", true);
}

/// What a tuned run keeps: "winograd (direct 3.12 ms, winograd 1.04 ms)" for each pass of a convolution.
void add_conv_choices(Facts& facts, const train::ConvChoices& choices) {
  facts.begin("algorithms of its convolutions");
  if (choices.images > 0) {
    facts.add("convolutions timed with",
              fmt::format("{}, {} threads, {} images", choices.simd, choices.threads, choices.images));
  }
  for (const nn::cpu::ConvDecision& decision : choices.table->decisions()) {
    std::vector<std::string> times;
    for (const auto& [algorithm, milliseconds] : decision.times) {
      times.push_back(fmt::format("{} {:.4g} ms", name(algorithm), milliseconds));
    }
    facts.add("convolution " + describe(decision.key),
              name(decision.algorithm) + (times.empty() ? "" : fmt::format(" ({})", fmt::join(times, ", "))));
  }
}

void add_members(Facts& facts, const train::Ensemble& ensemble) {
  for (const train::Member& member : ensemble.members) {
    std::vector<std::string> models;
    for (const train::ModelFile& model : member.models) {
      models.push_back(
          fmt::format("{} at {} px", model.description.architecture, model.description.preprocessing.size));
    }
    facts.add("member " + member.name, models);
    facts.add("weighted log loss of " + member.name, member.validation_score);
  }
}

/// They wait in the file for predict --ensemble fitted.
void add_fitted_weights(Facts& facts, const train::Ensemble& ensemble) {
  const bool used = ensemble.rule == train::EnsembleRule::fitted;
  facts.begin("weights of the rule fitted");
  facts.add("fitted weights",
            used ? "used by this rule" : "not used by this rule; falx predict --ensemble fitted uses them");
  for (std::size_t m = 0; m < ensemble.members.size(); ++m) {
    for (std::size_t i = 0; i < io::label_count; ++i) {
      facts.add(fmt::format("weight of {} for {}", ensemble.members[m].name, io::label_names[i]),
                ensemble.weights[m][i]);
    }
  }
}

}  // namespace

Facts describe_run(const train::RunDirectory& run) {
  const bool has_config = fs::exists(run.config()), has_model = fs::exists(run.model());
  NN_CHECK(has_config || has_model, run.path.string(),
           " is no run directory: it has neither config.json nor model.safetensors");
  Facts facts;
  facts.add("kind", "run");
  std::optional<train::TrainConfig> config;
  if (has_config) config = train::read_train_config(run.config());
  std::optional<train::ModelDescription> model;
  if (has_model) model = train::read_model_description(run.model());
  if (model) {
    add_model(facts, *model);
  } else {
    facts.add("network", config->model);
  }

  facts.begin("how far it is");
  std::vector<train::HistoryRow> rows;
  if (fs::exists(run.history())) rows = train::read_history(run.history());
  facts.add("epochs done", static_cast<std::int64_t>(rows.size()));
  if (config) facts.add("epochs planned", std::int64_t{config->epochs});

  if (model) {
    facts.begin("its best model, model.safetensors, on validation");
    add_scores(facts, *model);
    if (!rows.empty()) facts.add("class prior", rows.back().class_prior);
  }
  if (config) add_settings(facts, *config);
  if (fs::exists(run.conv_choices())) add_conv_choices(facts, train::read_conv_choices(run.conv_choices()));
  if (model) {
    facts.begin("hashes");
    add_hashes(facts, *model);
  }
  return facts;
}

Facts describe_ensemble(const fs::path& path) {
  const train::Ensemble ensemble = train::read_ensemble(path);
  Facts facts;
  facts.add("kind", "ensemble");
  facts.add("rule", train::name(ensemble.rule));
  facts.add("test-time augmentation", train::name(ensemble.augmentation));
  facts.add("models", static_cast<std::int64_t>(ensemble.models()));
  add_members(facts, ensemble);
  if (!ensemble.weights.empty()) add_fitted_weights(facts, ensemble);
  return facts;
}

}  // namespace apps
