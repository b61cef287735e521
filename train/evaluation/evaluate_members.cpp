#include "train/evaluation/evaluate_members.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/core/error.h"
#include "train/evaluation/member_table.h"

namespace train {
namespace {

using nlohmann::ordered_json;

std::vector<Probabilities> probabilities_of(std::span<const Prediction> rows, std::size_t member) {
  std::vector<Probabilities> result;
  for (const Prediction& row : rows) result.push_back(row.by_member.at(member));
  return result;
}

void add_validation_scores(const std::filesystem::path& table, std::vector<MemberScores>& members) {
  if (!std::filesystem::exists(table)) return;
  const std::vector<MemberRow> rows = read_member_table(table);
  for (MemberScores& member : members) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const MemberRow& r) { return r.member == member.name; });
    NN_CHECK(row != rows.end(), table.string(), ": there is no member ", member.name,
             ", which the predictions beside it have; do they belong together?");
    member.validation_score = row->validation_score;
    member.validation_images = row->validation_images;
  }
}

/// The smallest validation score, or nothing if one is not known: the unknown one could be the best.
std::optional<std::size_t> best_on_validation(const std::vector<MemberScores>& members) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!std::isfinite(members[i].validation_score)) return std::nullopt;
    if (members[i].validation_score < members[best].validation_score) best = i;
  }
  return best;
}

/// Scores of other images are no fair choice: an easy validation part makes a member look good.
bool scored_on_the_same_images(const std::vector<MemberScores>& members) {
  const std::string& images = members.front().validation_images;
  return !images.empty() && std::all_of(members.begin(), members.end(),
                                        [&](const MemberScores& member) { return member.validation_images == images; });
}

/// What is drawn as a whole, and whose each image is.
struct Groups {
  std::string what;
  std::vector<std::string> of_image;
};

Groups groups_of(std::span<const Prediction> rows) {
  const auto group_by = [&](const char* what, std::string Prediction::*key) {
    Groups groups{what, {}};
    for (const Prediction& row : rows) groups.of_image.push_back(row.*key);
    return groups;
  };
  const auto known = [&](std::string Prediction::*key) {
    return std::none_of(rows.begin(), rows.end(), [&](const Prediction& row) { return (row.*key).empty(); });
  };
  if (known(&Prediction::patient)) return group_by("patients", &Prediction::patient);
  if (known(&Prediction::study)) return group_by("studies", &Prediction::study);
  return group_by("images", &Prediction::image);
}

BestMemberComparison compare(std::span<const Prediction> rows, std::span<const ImageLabels> labels,
                             const std::string& member, std::size_t at, const BootstrapOptions& bootstrap) {
  const Groups groups = groups_of(rows);
  std::vector<Probabilities> ensemble;
  for (const Prediction& row : rows) ensemble.push_back(row.probability);
  return {.member = member,
          .interval = bootstrap_difference(ensemble, probabilities_of(rows, at), labels, groups.of_image, bootstrap),
          .bootstrap = bootstrap,
          .drawn = groups.what};
}

std::string cell(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{:.4f}", *value) : "-";
}

std::string text_row(const std::string& name, std::size_t width, const Scores& scores, double validation) {
  std::string row = fmt::format("{:<{}}{:>10}", name, width, cell(scores.weighted_log_loss));
  for (const LabelScores& label : scores.label) row += fmt::format("{:>8}", cell(label.log_loss));
  return row + fmt::format("{:>12}\n", cell(validation));
}

ordered_json number(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr); }

}  // namespace

MemberEvaluation evaluate_members(std::span<const std::string> members, std::span<const Prediction> rows,
                                  std::span<const ImageLabels> labels, const std::filesystem::path& member_table,
                                  const BootstrapOptions& bootstrap) {
  MemberEvaluation evaluation;
  for (std::size_t i = 0; i < members.size(); ++i) {
    evaluation.members.push_back({.name = members[i], .scores = score(probabilities_of(rows, i), labels)});
  }
  if (members.empty()) return evaluation;
  add_validation_scores(member_table, evaluation.members);
  if (const auto best = best_on_validation(evaluation.members)) {
    evaluation.comparison = compare(rows, labels, members[*best], *best, bootstrap);
    evaluation.comparison->same_validation_images = scored_on_the_same_images(evaluation.members);
  }
  return evaluation;
}

std::string comparison_sentence(const MemberEvaluation& evaluation) {
  if (evaluation.members.empty()) return {};
  if (!evaluation.comparison) {
    return "Which member was best on validation is not known (no validation scores in members.csv\n"
           "beside the predictions), so the ensemble is not compared with it.";
  }
  const BestMemberComparison& c = *evaluation.comparison;
  return fmt::format(
      "Ensemble minus {}, the best member on validation: {:+.4f}\n"
      "({:.0f}% interval {:+.4f} to {:+.4f}; {} resamples of {} {}). Below zero the ensemble is better.{}",
      c.member, c.interval.difference, 100 * c.bootstrap.confidence, c.interval.low, c.interval.high,
      c.bootstrap.resamples, c.interval.groups, c.drawn,
      c.same_validation_images ? ""
                               : "\nThe members' validation scores are not known to be of the same images: which is "
                                 "the best\nmember is a guess.");
}

std::string member_table_text(const MemberEvaluation& evaluation, const Scores& ensemble) {
  if (evaluation.members.empty()) return {};
  std::size_t width = std::string("ensemble").size();
  for (const MemberScores& member : evaluation.members) width = std::max(width, member.name.size());
  std::string text = fmt::format("{:<{}}{:>10}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>12}\n", "log loss", width, "weighted",
                                 "any", "epi", "intrap", "intrav", "subara", "subdur", "validation");
  for (const MemberScores& member : evaluation.members) {
    text += text_row(member.name, width, member.scores, member.validation_score);
  }
  text += text_row("ensemble", width, ensemble, std::nan(""));
  return text + comparison_sentence(evaluation) + "\n";
}

std::string member_table_json(const MemberEvaluation& evaluation) {
  ordered_json object = ordered_json::object();
  for (const MemberScores& member : evaluation.members) {
    ordered_json labels;
    for (std::size_t i = 0; i < io::label_count; ++i) {
      const LabelScores& label = member.scores.label[i];
      labels[std::string(io::label_names[i])] = {{"log_loss", number(label.log_loss.value_or(std::nan("")))},
                                                 {"auc", number(label.auc.value_or(std::nan("")))}};
    }
    object["members"].push_back({{"name", member.name},
                                 {"weighted_log_loss", number(member.scores.weighted_log_loss)},
                                 {"mean_log_loss", number(member.scores.mean_log_loss)},
                                 {"validation_weighted_log_loss", number(member.validation_score)},
                                 {"labels", labels}});
  }
  if (const auto& c = evaluation.comparison) {
    object["comparison"] = {{"best_member", c->member},
                            {"chosen_on", "validation"},
                            {"same_validation_images", c->same_validation_images},
                            {"difference", number(c->interval.difference)},
                            {"interval", {number(c->interval.low), number(c->interval.high)}},
                            {"confidence", c->bootstrap.confidence},
                            {"resamples", c->bootstrap.resamples},
                            {"resampled", c->drawn},
                            {"groups", c->interval.groups},
                            {"seed", c->bootstrap.seed}};
  }
  return object.dump();
}

}  // namespace train
