#include "apps/report/pictures.h"

#include <fmt/core.h>

#include "apps/report/html.h"

namespace apps {
namespace {

std::string truth_mark(const train::ImageLabels& labels, std::size_t label) {
  if (!labels.known[label]) return "<span class=\"truth\" title=\"truth: not known\">?</span>";
  const bool positive = labels.value[label] >= 0.5F;
  return fmt::format("<span class=\"truth{}\" title=\"truth: {}\">{}</span>", positive ? " yes" : "",
                     positive ? "yes" : "no", positive ? "●" : "○");
}

}  // namespace

std::string probability_bars(const train::Probabilities& probability, const train::ImageLabels* labels) {
  std::string html = "<ul class=\"bars\">";
  for (std::size_t i = 0; i < io::label_count; ++i) {
    html += fmt::format(
        "<li{}><span>{}</span><i><b style=\"width:{:.1f}%;background:{}\"></b></i><span>{:.2f}</span>{}</li>",
        labels != nullptr ? " class=\"known\"" : "", io::label_names[i], 100 * probability[i], label_colour(i),
        probability[i], labels != nullptr ? truth_mark(*labels, i) : "");
  }
  return html + "</ul>";
}

std::string picture_figure(const PictureFigure& picture, const std::string& bars) {
  const std::string badge = picture.badge.empty() ? "" : "<span class=\"badge\">" + escape(picture.badge) + "</span>";
  return fmt::format(
      "<figure><div class=\"picture\">{}{}{}</div><figcaption><div class=\"id\"><code>{}</code><span>{}</span></div>{}"
      "</figcaption></figure>\n",
      embedded_png(picture.png, "slice " + picture.name), embedded_png(picture.heatmap, "heat map", "heatmap"), badge,
      escape(picture.name), escape(picture.remark), bars);
}

}  // namespace apps
