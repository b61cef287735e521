#include "train/ensemble/recipe.h"

#include <algorithm>
#include <map>
#include <set>

#include "nn/core/error.h"
#include "train/ensemble/ensemble.h"

namespace train {
namespace {

/// The configuration without what may differ between the folds of a recipe: equal texts, equal recipes.
std::string recipe_text(TrainConfig config) {
  const TrainConfig usual;
  config.fold = usual.fold;
  config.threads = usual.threads;
  config.compute.device = usual.compute.device;
  config.compute.conv = usual.compute.conv;
  config.checkpoint_minutes = usual.checkpoint_minutes;
  config.recompute = usual.recompute;  // the same but for rounding
  return to_json(config);
}

/// What the names have in common at their beginnings, without "fold" and what separates it.
std::string common_stem(const std::vector<std::string>& names) {
  std::string stem = names.front();
  for (const std::string& name : names) {
    const auto [end, ignored] = std::mismatch(stem.begin(), stem.end(), name.begin(), name.end());
    stem.erase(end, stem.end());
  }
  const auto strip = [&](std::string_view characters) {
    while (!stem.empty() && characters.find(stem.back()) != std::string_view::npos) stem.pop_back();
  };
  strip("0123456789");  // of folds 10 and 11; those of densenet121-0 stand behind a separator
  strip("-_.");
  if (stem.ends_with("fold")) stem.resize(stem.size() - 4);
  strip("-_.");
  return stem;
}

/// cnn of runs/cnn-0 and runs/cnn-1; of cnn/0 and cnn/1; else the network's name.
std::string name_of(const std::vector<FinishedRun>& runs) {
  if (runs.size() == 1) return member_name(runs.front().directory.path);
  std::vector<std::string> names, parents;
  for (const FinishedRun& run : runs) {
    const std::filesystem::path whole = std::filesystem::absolute(run.directory.path / "").lexically_normal();
    names.push_back(member_name(whole));
    parents.push_back(member_name(whole.parent_path().parent_path()));
  }
  if (std::string stem = common_stem(names); !stem.empty()) return stem;
  if (parents.front() == parents.back()) return parents.front();
  return runs.front().config.model;
}

int fold_count(const FinishedRun& run) { return run.split.folds; }

void check_folds(const Recipe& recipe) {
  if (recipe.runs.size() == 1) return;
  const FinishedRun& first = recipe.runs.front();
  std::map<int, const FinishedRun*> run_of_fold;
  for (const FinishedRun& run : recipe.runs) {
    const auto [other, is_new] = run_of_fold.emplace(run.fold(), &run);
    NN_CHECK(is_new, run.name(), " and ", other->second->name(), " are the same recipe with the same part left out ",
             "(fold ", run.fold(), "): give one of them");
    NN_CHECK(run.model.split_hash == first.model.split_hash, run.name(), " and ", first.name(),
             " are folds of one recipe, but their split.csv differ: were they trained on the same data?");
  }
  std::string missing;
  for (int fold = 0; fold < fold_count(first); ++fold) {
    if (!run_of_fold.contains(fold)) missing += (missing.empty() ? "" : ", ") + std::to_string(fold);
  }
  NN_CHECK(missing.empty(), "member ", recipe.name, " has ", recipe.runs.size(), " of the ", fold_count(first),
           " folds of its recipe (", recipe.description(), "): fold ", missing, " is missing");
}

}  // namespace

std::string Recipe::description() const {
  if (runs.size() == 1) return runs.front().name();
  std::string text;
  for (const FinishedRun& run : runs) {
    text += nn::message(text.empty() ? "" : ", ", "fold ", run.fold(), ": ", run.name());
  }
  return text;
}

std::vector<Recipe> group_by_recipe(std::vector<FinishedRun> runs) {
  std::vector<Recipe> recipes;
  std::map<std::string, std::size_t> place;
  for (FinishedRun& run : runs) {
    const auto [found, is_new] = place.emplace(recipe_text(run.config), recipes.size());
    if (is_new) recipes.emplace_back();
    recipes[found->second].runs.push_back(std::move(run));
  }
  std::set<std::string> names;
  for (Recipe& recipe : recipes) {
    std::stable_sort(recipe.runs.begin(), recipe.runs.end(),
                     [](const FinishedRun& a, const FinishedRun& b) { return a.fold() < b.fold(); });
    recipe.name = name_of(recipe.runs);
    check_folds(recipe);
    NN_CHECK(names.insert(recipe.name).second, "two members would be called ", recipe.name,
             ": rename the run directory of one (", recipe.description(), ")");
  }
  return recipes;
}

}  // namespace train
