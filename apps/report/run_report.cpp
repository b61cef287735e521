#include "apps/report/run_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "apps/report/chart.h"
#include "apps/report/html.h"
#include "apps/report/pictures.h"
#include "apps/report/score_sections.h"

namespace apps {
namespace {

/// One line of a chart over the epochs.
template <class Get>
ChartLine over_epochs(const RunReport& report, const std::string& label, const std::string& colour, const Get& get) {
  ChartLine line{.label = label, .colour = colour, .points = {}};
  for (const train::HistoryRow& row : report.history) line.points.push_back({static_cast<double>(row.epoch), get(row)});
  return line;
}

std::string chart_card(const std::string& heading, const std::string& remark, LineChart chart) {
  chart.description = heading + " over the epochs";
  return fmt::format("<figure class=\"card chart\"><h3>{} <small>{}</small></h3>{}</figure>\n", heading, remark,
                     line_chart(chart));
}

std::string learning_section(const RunReport& report) {
  if (report.history.empty()) return {};
  std::optional<double> best;
  if (report.best_epoch > 0) best = report.best_epoch;

  ChartLine prior = over_epochs(report, "class prior", "var(--soft)", [](const auto& row) { return row.class_prior; });
  prior.dashed = true;
  std::string cards = "<div class=\"grid\">\n";
  cards += chart_card(
      "Weighted log loss", "validation",
      {.lines = {over_epochs(report, "model", "var(--accent)", [](const auto& row) { return row.weighted_log_loss; }),
                 prior},
       .marked_x = best,
       .mark_label = "best"});
  cards += chart_card(
      "Loss", "what was minimised",
      {.lines = {over_epochs(report, "validation", "var(--accent)",
                             [](const auto& row) { return row.validation_loss; }),
                 over_epochs(report, "training", "var(--warm)", [](const auto& row) { return row.train_loss; })},
       .marked_x = best,
       .mark_label = "best"});

  LineChart auc{.lines = {}, .y_low = 0.5, .y_high = 1};
  for (std::size_t i = 0; i < io::label_count; ++i) {
    auc.lines.push_back(over_epochs(report, std::string(io::label_names[i]), label_colour(i),
                                    [i](const auto& row) { return row.auc[i].value_or(std::nan("")); }));
  }
  cards += chart_card("AUC", "validation", auc);
  cards += chart_card(
      "Learning rate", "at the end of each epoch",
      {.lines = {over_epochs(report, "", "var(--accent)", [](const auto& row) { return row.learning_rate; })}});
  return section("Learning", "", cards + "</div>\n");
}

std::string duration(double seconds) {
  return seconds < 120 ? fmt::format("{:.0f}\u202fs", seconds) : fmt::format("{:.0f}\u202fmin", seconds / 60);
}

std::string key_figures(const RunReport& report, const train::Scores& scores, const train::Scores& baseline) {
  std::int64_t epochs = 0;
  double seconds = 0, images_per_second = 0;
  for (const train::HistoryRow& row : report.history) {
    epochs = row.epoch;
    seconds += row.seconds;
    images_per_second = row.images_per_second;
  }
  const train::LabelScores& any = scores.label[0];
  std::string change = relative_change(scores.weighted_log_loss, baseline.weighted_log_loss);
  if (!change.empty()) change = ", " + change;
  return tiles(
      {{"weighted log loss", format_fixed(scores.weighted_log_loss, 4),
        "class prior " + format_fixed(baseline.weighted_log_loss, 4) + change},
       {"AUC of any", format_fixed(any.auc, 3),
        format_count(any.positives) + " of " + format_count(any.known()) + " images positive"},
       {"best epoch", report.best_epoch > 0 ? std::to_string(report.best_epoch) : "–", "of " + std::to_string(epochs)},
       {"time", duration(seconds), format_fixed(images_per_second, 0) + " images a second"}});
}

std::string samples_section(const RunReport& report) {
  if (report.samples.empty()) return {};
  std::string figures = "<div class=\"grid small\">\n";
  for (const SamplePicture& sample : report.samples) {
    figures +=
        "<div class=\"card\">" +
        picture_figure({.png = sample.png, .heatmap = {}, .name = sample.caption, .remark = "truth", .badge = {}},
                       probability_bars(sample.probability, &sample.labels)) +
        "</div>\n";
  }
  return section(
      "Sample slices",
      "Validation slices with what the network says and, at the right, what is true: ● yes, ○ no, ? not known.",
      figures + "</div>\n");
}

}  // namespace

std::string run_report_html(const RunReport& report) {
  const train::Scores scores = train::score(report.predictions, report.labels);
  const train::Scores baseline = train::score_class_prior(report.class_prior, report.labels);
  std::vector<std::string> notes = report.warnings;
  const std::string verdict = train::worse_than_prior(scores.weighted_log_loss, baseline.weighted_log_loss);
  if (!verdict.empty()) notes.insert(notes.begin(), verdict);
  std::string body = key_figures(report, scores, baseline) + warnings_box(notes) + learning_section(report);
  if (!report.labels.empty()) {
    body += score_section(scores, baseline, "the one found in the training part");
    body += roc_section(report.predictions, report.labels);
    body += calibration_section(report.predictions, report.labels);
  }
  body += samples_section(report);
  body += section("Configuration", "", configuration_table(report.configuration));
  return page("Training run", report.title, escape(report.subtitle), body);
}

}  // namespace apps
