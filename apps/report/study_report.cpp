#include "apps/report/study_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/report/counted.h"
#include "apps/report/html.h"
#include "apps/report/pictures.h"

namespace apps {
namespace {

constexpr std::size_t studies_shown_open = 12;  // the others are folded up
constexpr std::size_t any = 0;

std::string position(double millimetres) {
  return std::isfinite(millimetres)
             ? fmt::format("{}{:.1f}\u202fmm", millimetres < 0 ? "−" : "", std::fabs(millimetres))
             : "";
}

/// The most probable of the five, as a phrase: "subdural 0.91".
std::string leading_subtype(const train::Probabilities& probability) {
  const auto* largest = std::max_element(probability.begin() + 1, probability.end());
  const auto at = static_cast<std::size_t>(largest - probability.begin());
  return fmt::format("{} {:.2f}", io::label_names[at], *largest);
}

std::string share_bar(double probability, std::size_t label) {
  return fmt::format("<span class=\"gain\">{:.2f}<i><b style=\"width:{:.1f}%;background:{}\"></b></i></span>",
                     probability, 100 * probability, label_colour(label));
}

std::size_t slice_count(const ReportStudy& study) {
  std::size_t count = 0;
  for (const ReportSeries& series : study.series) count += series.slices.size();
  return count;
}

/// One row of the strip: a cell a slice, as a bar (any) or as a shade. It stretches to the column's width.
std::string strip_row(const ReportSeries& series, std::size_t label) {
  const bool bars = label == any;
  std::string cells;
  for (std::size_t i = 0; i < series.slices.size(); ++i) {
    const double p = series.slices[i].probability[label];
    const std::string title = fmt::format("<title>slice {}: {} {:.3f}</title>", i + 1, io::label_names[label], p);
    cells += bars ? fmt::format(R"(<rect x="{:.2f}" y="{:.4f}" width=".84" height="{:.4f}" fill="{}">{}</rect>)",
                                static_cast<double>(i) + 0.08, 1 - p, p, label_colour(label), title)
                  : fmt::format(R"(<rect x="{}" y="0" width="1" height="1" fill="{}" fill-opacity="{:.3f}">{}</rect>)",
                                i, label_colour(label), p, title);
  }
  return fmt::format(
      "<span>{0}</span><svg{1} viewBox=\"0 0 {2} 1\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"{0} per slice\">{3}</svg>\n",
      io::label_names[label], bars ? " class=\"bars-any\"" : "", series.slices.size(), cells);
}

/// All slices of a series from the feet to the head: `any` as bars, the five as shades; the slices shown are marked.
std::string strip(const ReportSeries& series, const std::vector<std::size_t>& shown) {
  std::string marks;
  for (const std::size_t at : shown) {
    marks += fmt::format("<b style=\"left:{:.2f}%\">{}</b>",
                         100 * (static_cast<double>(at) + 0.5) / static_cast<double>(series.slices.size()), at + 1);
  }
  std::string html =
      fmt::format("<div class=\"strip\" style=\"--slices:{}\">\n<span></span><div class=\"marks\">{}</div>\n",
                  series.slices.size(), marks);
  for (std::size_t i = 0; i < io::label_count; ++i) html += strip_row(series, i);
  const auto end = [](const char* side, const ReportSlice& slice, std::size_t number) {
    const std::string where = position(slice.position_mm);
    return fmt::format("<span>{}<span class=\"wide\"> · slice {}</span>{}</span>", side, number,
                       where.empty() ? "" : " · " + where);
  };
  html += "<span></span><div class=\"axis\">" + end("feet", series.slices.front(), 1);
  if (series.slices.size() > 1) html += end("head", series.slices.back(), series.slices.size());
  return html + "</div></div>\n";
}

std::string series_block(const ReportSeries& series) {
  if (series.slices.empty()) return {};
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < series.slices.size(); ++i) {
    if (!series.slices[i].png.empty()) shown.push_back(i);
  }
  std::string flags;
  for (const std::string& flag : series.flags) flags += "<span class=\"flag\">" + escape(flag) + "</span>";
  std::string html = fmt::format("<div class=\"series\"><h3>Series <code>{}</code>{}</h3>\n{}", escape(series.series),
                                 flags, strip(series, shown));
  html += "<div class=\"thumbnails\">\n";
  for (const std::size_t at : shown) {
    const ReportSlice& slice = series.slices[at];
    html += picture_figure({.png = slice.png,
                            .heatmap = slice.heatmap,
                            .name = slice.image,
                            .remark = position(slice.position_mm),
                            .badge = fmt::format("{} of {}", at + 1, series.slices.size())},
                           probability_bars(slice.probability));
  }
  return html + "</div></div>\n";
}

/// Members side by side, the whole below them.
std::string members_table(const ReportStudy& study) {
  if (study.members.empty()) return {};
  std::string head, rows;
  for (const std::string_view label : io::label_names) head += fmt::format("<th>{}</th>", label);
  const auto row = [](const std::string& name, const train::Probabilities& probability, const char* style) {
    std::string cells;
    for (const double p : probability) cells += fmt::format("<td>{:.3f}</td>", p);
    return fmt::format("<tr{}><td>{}</td>{}</tr>\n", style, escape(name), cells);
  };
  for (const ReportMember& member : study.members) rows += row(member.name, member.probability, "");
  rows += row("together", study.probability, " class=\"mean\"");
  return fmt::format(
      "<div class=\"scroll\"><table "
      "class=\"wide\">\n<thead><tr><th>member</th>{}</tr></thead>\n<tbody>\n{}</tbody></table></div>\n"
      "<p class=\"meta\">The members are furthest apart, by {:.3f}, on <code>{}</code></p>\n",
      head, rows, study.disagreement, escape(study.disputed_image));
}

std::string study_card(const ReportStudy& study, std::size_t number, bool open) {
  std::string html = fmt::format(
      "<details class=\"card study\" id=\"study-{}\"{}>\n<summary><h2>Study <code>{}</code></h2>"
      "<span class=\"any\"><small>any</small> {:.2f}</span></summary>\n"
      "<p class=\"meta\">patient <code>{}</code> · {} in {}</p>\n"
      "<div class=\"columns\">{}</div>\n",
      number, open ? " open" : "", escape(study.study), study.probability[any], escape(study.patient),
      counted(slice_count(study), "slice", "slices"), counted(study.series.size(), "series", "series"),
      probability_bars(study.probability));
  html += members_table(study);
  for (const ReportSeries& series : study.series) html += series_block(series);
  return html + "</details>\n";
}

std::string overview(const StudyReport& report) {
  std::string table =
      "<div class=\"scroll\"><table class=\"wide\">\n<thead><tr><th>study</th><th>any</th><th>leading subtype</th>"
      "<th>patient</th>"
      "<th>series</th><th>slices</th></tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < report.studies.size(); ++i) {
    const ReportStudy& study = report.studies[i];
    table += fmt::format(
        "<tr><td><a "
        "href=\"#study-{}\"><code>{}</code></a></td><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td>"
        "<td>{}</td></tr>\n",
        i + 1, escape(study.study), share_bar(study.probability[any], any), leading_subtype(study.probability),
        escape(study.patient), study.series.size(), slice_count(study));
  }
  return section("Studies", "By the probability of any hemorrhage, the largest first.",
                 table + "</tbody></table></div>\n");
}

std::string key_figures(const StudyReport& report) {
  std::size_t series = 0, slices = 0;
  for (const ReportStudy& study : report.studies) {
    series += study.series.size();
    slices += slice_count(study);
  }
  const auto count = [](std::size_t n) { return format_count(static_cast<std::int64_t>(n)); };
  return tiles({{"studies", count(report.studies.size()), "in " + count(series) + " series"},
                {"slices", count(slices), "predicted one by one"},
                {"skipped files", format_count(report.skipped_files),
                 report.skipped_reasons.empty() ? "see rejected.csv" : escape(report.skipped_reasons)},
                {"rejected files", format_count(report.rejected_files), "defective; see rejected.csv"}});
}

}  // namespace

std::vector<std::size_t> slices_that_matter(const ReportSeries& series, std::size_t count) {
  std::vector<std::size_t> order(series.slices.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return series.slices[a].probability[any] > series.slices[b].probability[any];
  });
  std::vector<std::size_t> chosen;
  const std::size_t near = std::max<std::size_t>(1, series.slices.size() / 14);
  const auto is_near = [&](std::size_t at) {
    return std::any_of(chosen.begin(), chosen.end(),
                       [&](std::size_t c) { return std::max(at, c) - std::min(at, c) <= near; });
  };
  const auto is_chosen = [&](std::size_t at) { return std::find(chosen.begin(), chosen.end(), at) != chosen.end(); };
  for (const std::size_t at : order) {
    if (chosen.size() < count && !is_near(at)) chosen.push_back(at);
  }
  for (const std::size_t at : order) {
    if (chosen.size() < count && !is_chosen(at)) chosen.push_back(at);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::string study_report_html(const StudyReport& report) {
  std::string body = key_figures(report) + warnings_box(report.warnings);
  if (report.studies.size() > 1) body += overview(report);
  std::string cards = report.studies.empty() ? "<p>No slice was predicted.</p>\n" : "";
  for (std::size_t i = 0; i < report.studies.size(); ++i) {
    cards += study_card(report.studies[i], i + 1, i < studies_shown_open);
  }
  body += section(
      report.studies.size() > 1 ? "Each study" : "The study",
      "A study's probability is " + escape(report.rule) +
          ". The strip shows every slice: the height of a bar is the probability of any hemorrhage, the stronger "
          "the colour of a cell below it, the more probable that subtype. Slices with a number are shown as pictures.",
      cards);
  if (!report.configuration.empty()) body += section("Configuration", "", configuration_table(report.configuration));
  return page("Prediction", report.title, escape(report.model), body);
}

}  // namespace apps
