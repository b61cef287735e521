#include "apps/report/evaluation_report.h"

#include <fmt/core.h>

#include <cmath>

#include "apps/report/html.h"
#include "apps/report/score_sections.h"

namespace apps {
namespace {

std::vector<std::string> notes(const train::Evaluation& evaluation) {
  std::vector<std::string> result;
  const std::string verdict =
      train::worse_than_prior(evaluation.scores.weighted_log_loss, evaluation.baseline.weighted_log_loss);
  if (!verdict.empty()) result.push_back(verdict);
  if (evaluation.prior_is_of_evaluated) {
    result.emplace_back(
        "No training prevalence was given: the class prior is that of the evaluated images themselves, the best that "
        "any constant prediction can score on them.");
  }
  if (!evaluation.by_patient) {
    result.emplace_back("The model's training and validation parts were not split by patient.");
  }
  if (evaluation.without_labels > 0) {
    result.push_back(format_count(evaluation.without_labels) + " predictions have no labels and were not scored.");
  }
  if (evaluation.without_prediction > 0) {
    result.push_back(format_count(evaluation.without_prediction) +
                     " labelled images have no prediction and were not scored.");
  }
  return result;
}

/// An ensemble and its members side by side.
std::string members_section(const train::Evaluation& evaluation) {
  if (evaluation.members.members.empty()) return {};
  std::string head, rows;
  for (const std::string_view label : io::label_names) head += fmt::format("<th>{}</th>", label);
  const auto row = [](const std::string& name, const train::Scores& scores, double validation, const char* style) {
    std::string cells = fmt::format("<td>{}</td>", format_fixed(scores.weighted_log_loss, 4));
    for (const train::LabelScores& label : scores.label) cells += "<td>" + format_fixed(label.log_loss, 4) + "</td>";
    return fmt::format("<tr{}><td>{}</td>{}<td>{}</td></tr>\n", style, escape(name), cells,
                       format_fixed(validation, 4));
  };
  for (const train::MemberScores& member : evaluation.members.members) {
    rows += row(member.name, member.scores, member.validation_score, "");
  }
  rows += row("ensemble", evaluation.scores, std::nan(""), " class=\"mean\"");
  return section("Members", escape(train::comparison_sentence(evaluation.members)),
                 "<div class=\"scroll\"><table class=\"wide\">\n<thead><tr><th>log loss</th><th>weighted</th>" + head +
                     "<th>on validation</th></tr></thead>\n<tbody>\n" + rows + "</tbody></table></div>\n");
}

}  // namespace

std::string evaluation_report_html(const std::string& title, const train::Evaluation& evaluation) {
  const train::Scores &scores = evaluation.scores, &baseline = evaluation.baseline;
  const train::LabelScores& any = scores.label[0];
  std::string body = tiles(
      {{"weighted log loss", format_fixed(scores.weighted_log_loss, 4), "any counts twice"},
       {"class prior", format_fixed(baseline.weighted_log_loss, 4), "the same for every image"},
       {"difference", relative_change(scores.weighted_log_loss, baseline.weighted_log_loss), "of the class prior"},
       {"AUC of any", format_fixed(any.auc, 3),
        format_count(any.positives) + " of " + format_count(any.known()) + " images positive"}});
  body += warnings_box(notes(evaluation));
  body += score_section(
      scores, baseline,
      evaluation.prior_is_of_evaluated ? "the one found in these images" : "the one found in the training part");
  body += members_section(evaluation);
  body += roc_section(evaluation.predictions, evaluation.labels);
  body += calibration_section(evaluation.predictions, evaluation.labels);
  return page("Evaluation", title, format_count(scores.images) + " images", body);
}

}  // namespace apps
