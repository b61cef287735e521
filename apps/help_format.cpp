#include "apps/help_format.h"

#include <CLI/CLI.hpp>
#include <sstream>

namespace apps {
namespace {

constexpr std::size_t page_width = 80;
constexpr std::size_t description_column = 24;

/// Words of `text` in lines that end before the page does; lines after the first begin with `indent` spaces. `column`:
/// where the first one begins.
std::string wrapped(const std::string& text, std::size_t column, std::size_t indent) {
  std::istringstream words(text);
  std::string result;
  bool line_is_empty = true;
  for (std::string word; words >> word; column += word.size()) {
    if (!line_is_empty && column + 1 + word.size() > page_width) {
      result += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (!line_is_empty) {
      result += ' ';
      ++column;
    }
    result += word;
    line_is_empty = false;
  }
  return result;
}

/// The description beside the name, or below it if the name is too long.
std::string entry(const std::string& name, const std::string& description) {
  if (description.empty()) return name + '\n';
  const std::size_t used = name.size() + 1 < description_column ? name.size() : 0;
  const std::string gap(description_column - used, ' ');
  return name + (used == 0 ? "\n" : "") + gap + wrapped(description, description_column, description_column) + '\n';
}

class HelpFormat : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return entry("  " + make_option_name(option, is_positional) + make_option_opts(option), make_option_desc(option));
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return entry("  " + command->get_name(), command->get_description());
  }
  /// "--augment,--no-augment", without CLI11's "{false}".
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    return CLI::detail::find_and_replace(std::move(name), "{false}", "");
  }
  /// What may be given, "{none,flip}", without the type before it, "TEXT:{none,flip}".
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    const std::size_t colon = option->get_type_name().find(':');
    if (colon != std::string::npos && option->get_option_text().empty()) text.erase(1, colon + 1);
    return text;
  }
  std::string make_description(const CLI::App* command) const override {
    std::istringstream lines(CLI::Formatter::make_description(command));
    std::string text;
    for (std::string line; std::getline(lines, line);) text += wrapped(line, 0, 0) + '\n';
    return text;
  }
  /// Indented lines are examples and stay; the others are prose.
  std::string make_footer(const CLI::App* command) const override {
    std::istringstream lines(command->get_footer());
    std::string text, prose;
    const auto end_prose = [&] {
      if (!prose.empty()) text += wrapped(prose, 0, 0) + '\n';
      prose.clear();
    };
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(' ')) {
        end_prose();
        text += line + '\n';
      } else {
        prose += line + ' ';
      }
    }
    end_prose();
    return text;
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_format() { return std::make_shared<HelpFormat>(); }

}  // namespace apps
