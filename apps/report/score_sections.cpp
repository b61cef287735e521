#include "apps/report/score_sections.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "apps/report/chart.h"
#include "apps/report/html.h"

namespace apps {
namespace {

constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

std::string label_name(std::size_t label) { return std::string(io::label_names[label]); }

/// The change against the class prior as a number and a bar, from the left for less and from the right for more.
std::string gain_cell(double loss, double baseline) {
  const double share = 1 - loss / baseline;
  if (!std::isfinite(share)) return "–";
  return fmt::format("<span class=\"gain{}\">{}<i><b style=\"width:{:.0f}%\"></b></i></span>",
                     share < 0 ? " worse" : "", relative_change(loss, baseline), 100 * std::min(std::fabs(share), 1.0));
}

std::string label_row(std::size_t label, const train::LabelScores& model, const train::LabelScores& prior) {
  return fmt::format(
      "<tr><td><span class=\"swatch\" "
      "style=\"background:{}\"></span>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
      "<td>{}</td><td>{}</td></tr>\n",
      label_colour(label), label_name(label), format_count(model.positives), format_count(model.known()),
      format_fixed(model.log_loss, 4), format_fixed(prior.log_loss, 4),
      gain_cell(model.log_loss.value_or(not_known), prior.log_loss.value_or(not_known)), format_fixed(model.auc, 3));
}

std::string mean_row(const char* name, double model, double prior) {
  return fmt::format(
      "<tr class=\"mean\"><td>{}</td><td></td><td></td><td>{}</td><td>{}</td><td>{}</td><td></td></tr>\n", name,
      format_fixed(model, 4), format_fixed(prior, 4), gain_cell(model, prior));
}

std::string panel(const std::string& name, const std::string& remark, const std::string& chart) {
  return fmt::format("<figure class=\"card chart\"><h3>{} <small>{}</small></h3>{}</figure>\n", name, remark, chart);
}

}  // namespace

std::string relative_change(double loss, double baseline) {
  constexpr double smallest_baseline = 1e-9;  // less is a label of one class: the prior is right, and only clipped
  const double change = 100 * (loss / baseline - 1);
  if (!std::isfinite(change) || baseline < smallest_baseline) return {};
  return fmt::format("{}{:.0f}\u202f%", change < 0 ? "−" : "+", std::fabs(change));
}

std::string score_section(const train::Scores& scores, const train::Scores& baseline, const std::string& prior_remark) {
  std::string table =
      "<div class=\"scroll\"><table>\n<thead><tr><th>label</th><th>positives</th><th>images</th><th>log loss</th>"
      "<th>class prior</th><th>difference</th><th>AUC</th></tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < io::label_count; ++i) table += label_row(i, scores.label[i], baseline.label[i]);
  table += mean_row("weighted mean, any twice", scores.weighted_log_loss, baseline.weighted_log_loss);
  table += mean_row("plain mean", scores.mean_log_loss, baseline.mean_log_loss);
  table += "</tbody></table></div>\n";
  return section("Scores",
                 "Log loss: lower is better. The class prior predicts the same share of positives for every image, " +
                     prior_remark +
                     "; a model that is no better than that has learnt nothing. AUC is the chance that "
                     "an image with the finding ranks above one without.",
                 table);
}

std::string roc_section(std::span<const train::Probabilities> predictions, std::span<const train::ImageLabels> labels) {
  std::string panels = "<div class=\"grid small\">\n";
  for (std::size_t i = 0; i < io::label_count; ++i) {
    const auto pairs = train::known_pairs(predictions, labels, static_cast<int>(i));
    const std::string auc = format_fixed(train::roc_auc(pairs), 3);
    panels +=
        panel(label_name(i), "AUC " + auc,
              roc_chart(train::roc_curve(pairs), label_colour(i), "ROC curve of " + label_name(i) + ", AUC " + auc));
  }
  return section("ROC curves",
                 "How many of the bleeds are found as more images without one are called positive. The "
                 "dotted diagonal is guessing.",
                 panels + "</div>\n");
}

std::string calibration_section(std::span<const train::Probabilities> predictions,
                                std::span<const train::ImageLabels> labels) {
  std::string panels = "<div class=\"grid small\">\n";
  for (std::size_t i = 0; i < io::label_count; ++i) {
    const auto pairs = train::known_pairs(predictions, labels, static_cast<int>(i));
    panels +=
        panel(label_name(i), format_count(static_cast<std::int64_t>(pairs.size())) + " images",
              calibration_chart(train::calibration_bins(pairs), label_colour(i), "Calibration of " + label_name(i)));
  }
  return section("Calibration",
                 "Of the images given a probability of 0.3, three in ten should bleed: on the dotted "
                 "diagonal promise and finding agree. The larger a dot, the more images it stands for.",
                 panels + "</div>\n");
}

}  // namespace apps
