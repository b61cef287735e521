// The pieces every report page is made of: escaped text, numbers, embedded pictures, the frame with its style.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apps {

/// Text for HTML, between tags and in quoted attributes.
std::string escape(std::string_view text);

std::string base64(std::string_view bytes);

/// <img> with the picture inside the page. `alternative` is what a reader who cannot see it gets. Empty for no bytes.
std::string embedded_png(std::string_view png, std::string_view alternative, std::string_view css_class = {});

/// 1234567 as "1 234 567", with thin spaces.
std::string format_count(std::int64_t count);
/// A number with so many digits after the point, and an en dash for one that does not exist.
std::string format_fixed(double value, int digits);
std::string format_fixed(const std::optional<double>& value, int digits);

/// The CSS variable with the colour of a label (an index into io::label_names): "var(--epidural)".
std::string label_colour(std::size_t label);

/// A key figure: what it is, the number, and a remark below it.
struct Tile {
  std::string name, value, remark;
};
std::string tiles(const std::vector<Tile>& figures);

std::string warnings_box(const std::vector<std::string>& warnings);
std::string configuration_table(const std::vector<std::pair<std::string, std::string>>& configuration);
/// <section> with a heading and, below it, a sentence on how to read it (HTML; may be empty).
std::string section(std::string_view heading, std::string_view explanation, std::string_view body);

/// The whole page. `kind` stands above the title: "Training run".
std::string page(std::string_view kind, std::string_view title, std::string_view subtitle, std::string_view body);

/// The style sheet of all reports: light and dark, narrow and wide, screen and paper.
std::string_view report_style();

}  // namespace apps
