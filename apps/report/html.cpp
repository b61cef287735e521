#include "apps/report/html.h"

#include <fmt/core.h>

#include <cmath>

#include "io/labels.h"

namespace apps {

std::string escape(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

/// RFC 4648, section 4.
std::string base64(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8U | (i < count ? static_cast<std::uint8_t>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text += i <= count ? alphabet[group >> (18U - 6U * i) & 63U] : '=';
  }
  return text;
}

std::string embedded_png(std::string_view png, std::string_view alternative, std::string_view css_class) {
  if (png.empty()) return {};
  return fmt::format("<img class=\"{}\" alt=\"{}\" src=\"data:image/png;base64,{}\">", css_class, escape(alternative),
                     base64(png));
}

std::string format_count(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3 && digits[at - 4] != '-';) digits.insert(at -= 3, "\u202f");
  return digits;
}

std::string format_fixed(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : "–";
}

std::string format_fixed(const std::optional<double>& value, int digits) {
  return value ? format_fixed(*value, digits) : "–";
}

std::string label_colour(std::size_t label) { return fmt::format("var(--{})", io::label_names[label]); }

std::string tiles(const std::vector<Tile>& figures) {
  std::string html = "<div class=\"tiles\">";
  for (const Tile& tile : figures) {
    html += fmt::format("<div class=\"tile\"><span>{}</span><strong>{}</strong><small>{}</small></div>", tile.name,
                        tile.value, tile.remark);
  }
  return html + "</div>\n";
}

std::string warnings_box(const std::vector<std::string>& warnings) {
  if (warnings.empty()) return {};
  std::string html = "<aside class=\"warnings\"><strong>Please note</strong><ul>";
  for (const std::string& warning : warnings) html += "<li>" + escape(warning) + "</li>";
  return html + "</ul></aside>\n";
}

std::string configuration_table(const std::vector<std::pair<std::string, std::string>>& configuration) {
  std::string html = "<dl class=\"configuration\">";
  for (const auto& [option, value] : configuration) {
    html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", escape(option), value.empty() ? "–" : escape(value));
  }
  return html + "</dl>\n";
}

std::string section(std::string_view heading, std::string_view explanation, std::string_view body) {
  const std::string text = explanation.empty() ? "" : fmt::format("<p class=\"explanation\">{}</p>\n", explanation);
  return fmt::format("<section>\n<h2>{}</h2>\n{}{}</section>\n", heading, text, body);
}

std::string page(std::string_view kind, std::string_view title, std::string_view subtitle, std::string_view body) {
  return fmt::format(
      R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{1} · Falx</title>
<style>{4}</style>
</head>
<body>
<main>
<header>
<p class="kind"><span>Falx</span> {0}</p>
<h1>{1}</h1>
<p class="subtitle">{2}</p>
</header>
{3}<footer>Falx {5} · research software, not a medical device. Its probabilities must not guide the care of a patient.</footer>
</main>
</body>
</html>
)",
      kind, escape(title), subtitle, body, report_style(), FALX_VERSION);
}

}  // namespace apps
