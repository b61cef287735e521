// falx ensemble: joins trained runs into one model, in the way that serves best on what they did not train on.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/interruption.h"
#include "apps/json_line.h"
#include "apps/output_directory.h"
#include "apps/output_lock.h"
#include "train/ensemble/ensemble_directory.h"
#include "train/ensemble/out_of_fold.h"
#include "train/label_json.h"

namespace apps {
namespace {

struct Options {
  std::vector<std::string> runs;
  std::filesystem::path out;
  std::string augmentation = "none";
  bool overwrite = false;
  CommonOptions common;
};

std::vector<train::Recipe> read_recipes(const std::vector<std::string>& paths) {
  if (paths.size() < 2) throw UsageError("an ensemble needs at least two --run");
  std::vector<train::FinishedRun> runs;
  runs.reserve(paths.size());
  for (const std::string& path : paths) runs.push_back(train::read_finished_run(path));
  return train::group_by_recipe(std::move(runs));
}

train::Ensemble make_ensemble(const std::vector<train::Recipe>& recipes, const train::OutOfFoldScores& scores,
                              const std::vector<train::Probabilities>& weights, const std::string& augmentation) {
  train::Ensemble ensemble{.members = {}, .rule = train::best_rule(scores), .weights = weights};
  ensemble.augmentation = train::test_time_augmentation(augmentation);
  for (std::size_t i = 0; i < recipes.size(); ++i) {
    train::Member member{.name = recipes[i].name, .models = {}};
    for (const train::FinishedRun& run : recipes[i].runs) {
      member.models.push_back(train::read_model(run.directory.model()));
    }
    member.validation_score = scores.members[i].weighted_log_loss;
    ensemble.members.push_back(std::move(member));
  }
  return ensemble;
}

/// A line a member: its score and its weights; then a line a rule.
void print_table(const train::Ensemble& ensemble, const train::OutOfFold& data, const train::OutOfFoldScores& scores) {
  std::size_t width = std::string("fitted, cross-fitted").size();
  for (const train::Member& member : ensemble.members) width = std::max(width, member.name.size());
  std::string text =
      fmt::format("{:<{}}  log loss  weight of any     epi  intrap  intrav  subara  subdur\n", "out of fold", width);
  for (std::size_t i = 0; i < ensemble.members.size(); ++i) {
    text +=
        fmt::format("{:<{}}  {:>8.4f}       ", ensemble.members[i].name, width, scores.members[i].weighted_log_loss);
    for (const double weight : ensemble.weights[i]) text += fmt::format("  {:>6.3f}", weight);
    text += '\n';
  }
  const auto add = [&](const char* way, const train::Scores& score, std::optional<train::EnsembleRule> rule) {
    const char* note = rule == ensemble.rule ? "  <- what falx predict does with it" : "";
    text += fmt::format("{:<{}}  {:>8.4f}{}\n", way, width, score.weighted_log_loss, note);
  };
  add("mean", scores.mean, train::EnsembleRule::mean);
  add("logit-mean", scores.logit_mean, train::EnsembleRule::logit_mean);
  add("fitted", scores.fitted, {});
  add("fitted, cross-fitted", scores.cross_fitted, train::EnsembleRule::fitted);
  text += fmt::format(
      "{} images that no member was trained on. 'fitted' is scored on the images it was fitted to;\n"
      "'cross-fitted' fits without a fifth of the patients and scores that fifth: it is chosen by that.\n",
      data.images.size());
  std::fputs(text.c_str(), stdout);
}

void print_json(const train::Ensemble& ensemble, const train::OutOfFold& data, const train::OutOfFoldScores& scores) {
  nlohmann::ordered_json members = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < ensemble.members.size(); ++i) {
    members.push_back({{"name", ensemble.members[i].name},
                       {"models", ensemble.members[i].models.size()},
                       {"weighted_log_loss", scores.members[i].weighted_log_loss},
                       {"weights", train::by_label<nlohmann::ordered_json>(ensemble.weights[i])}});
  }
  const nlohmann::ordered_json object = {{"images", data.images.size()},
                                         {"rule", train::name(ensemble.rule)},
                                         {"members", members},
                                         {"weighted_log_loss",
                                          {{"mean", scores.mean.weighted_log_loss},
                                           {"logit_mean", scores.logit_mean.weighted_log_loss},
                                           {"fitted", scores.fitted.weighted_log_loss},
                                           {"cross_fitted", scores.cross_fitted.weighted_log_loss}}}};
  std::printf("%s\n", json_line(object).c_str());
}

/// Throws nn::Error if there are members that ensemble.json does not name: they are somebody else's.
std::vector<OwnFile> own_files(const train::EnsembleDirectory& directory) {
  std::vector<OwnFile> files = {{directory.description(), "\"format_version\":"}};
  check_replaceable(files);
  for (const std::filesystem::path& model : train::member_files(directory)) files.push_back({model, "\"falx\":"});
  return files;
}

int run_ensemble(const Options& options) {
  const train::EnsembleDirectory directory{options.out};
  check_output(options.out, options.overwrite ? own_files(directory) : std::vector<OwnFile>(), options.overwrite);
  const std::vector<train::Recipe> recipes = read_recipes(options.runs);
  const train::OutOfFold data = train::join_out_of_fold(recipes);
  const std::vector<train::Probabilities> weights = train::fit_weights(data);
  const train::OutOfFoldScores scores = train::score_rules(data, weights);
  const train::Ensemble ensemble = make_ensemble(recipes, scores, weights, options.augmentation);
  ensemble.check();

  const Interruption interruption;  // written whole
  const OutputLock lock(options.out);
  prepare_output(options.out, own_files(directory));
  train::write_ensemble(directory, ensemble);
  options.common.json ? print_json(ensemble, data, scores) : print_table(ensemble, data, scores);
  if (!options.common.json) {
    std::printf("ensemble  %s: %zu members, %zu models\n", directory.path.c_str(), ensemble.members.size(),
                ensemble.models());
  }
  return Interruption::requested() ? Interruption::exit_code() : done;
}

}  // namespace

void add_ensemble(CLI::App& program, Selected& selected) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      program.add_subcommand("ensemble", "Join runs into one model, in the way that validation prefers");
  command->footer(
      "Examples:\n"
      "  falx ensemble --run CNN --run DENSENET --run VGG --out ENSEMBLE\n"
      "  falx ensemble --run CNN-0 --run CNN-1 --run VGG-0 --run VGG-1 --out ENSEMBLE\n"
      "  falx predict --model ENSEMBLE --input DIR --out PREDICTIONS\n"
      "Runs whose options are equal up to --fold are one member, whose models' mean predicts. Weights are fitted on\n"
      "validation predictions alone: all members need them for the same images, so train them with one split. Mean of\n"
      "probabilities, mean of logits or fitted weights: the ensemble uses what scores best on validation patients "
      "that\n"
      "the weights were not fitted on, unless falx predict --ensemble says otherwise.");
  command->add_option("--run", options->runs, "A run directory; repeat for each")->allow_extra_args(false)->required();
  command->add_option("--out", options->out, "Directory for the ensemble")->required();
  command->add_option("--tta", options->augmentation, "What falx predict does with it unless told otherwise")
      ->check(CLI::IsMember({"none", "flip", "flip-shift"}))
      ->capture_default_str();
  command->add_flag("--overwrite", options->overwrite, "Replace the ensemble in --out");
  add_threads(*command, options->common);
  add_quiet(*command, options->common);
  add_json(*command, options->common);
  command->callback([&selected, options] { selected.run = [options] { return run_ensemble(*options); }; });
}

}  // namespace apps
