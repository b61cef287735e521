#include "apps/wrong_usage.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace apps {
namespace {

/// Letters to change, add, leave out or exchange with the next (optimal string alignment).
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> distance(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) distance[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) distance[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = distance[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      distance[i][j] = std::min({change, distance[i - 1][j] + 1, distance[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        distance[i][j] = std::min(distance[i][j], distance[i - 2][j - 2] + 1);
      }
    }
  }
  return distance[a.size()][b.size()];
}

/// "--imges=DIR" without dashes and value.
std::string bare_name(const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  return name.substr(std::min(name.find_first_not_of('-'), name.size()));
}

bool looks_like_option(const std::string& argument) {
  return argument.size() > 1 && argument.front() == '-' && !bare_name(argument).empty();
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::string with_hint(const std::string& what, const std::string& nearest) {
  return nearest.empty() ? what : what + "; did you mean " + nearest + "?";
}

std::string explain(const CLI::App& program, const CLI::App& command, const CLI::ParseError& error) {
  const std::vector<std::string> unexpected = command.remaining();
  if (unexpected.empty()) return error.what();
  if (&command == &program && !looks_like_option(unexpected.front())) {
    return with_hint("there is no command '" + unexpected.front() + "'",
                     nearest_name(unexpected.front(), command_names(program)));
  }
  const auto option = std::find_if(unexpected.begin(), unexpected.end(), looks_like_option);
  if (option != unexpected.end()) {
    const std::string nearest = nearest_name(bare_name(*option), option_names(command));
    const std::string typed = option->substr(0, option->find('='));
    return with_hint(typed + " is no option", nearest.empty() ? "" : "--" + nearest);
  }
  return dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr
             ? error.what()
             : "'" + unexpected.front() + "' was not expected: it follows no option that takes it";
}

}  // namespace

std::string nearest_name(const std::string& misspelled, const std::vector<std::string>& names) {
  std::string nearest;
  std::size_t least = (misspelled.size() + 2) / 3 + 1;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(misspelled, name);
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

std::string explain_wrong_usage(const CLI::App& program, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  const bool before_command = !program.remaining().empty();
  const CLI::App& command = chosen.empty() || before_command ? program : *chosen.front();
  const std::string help = &command == &program ? "falx --help" : "falx " + command.get_name() + " --help";
  return explain(program, command, error) + " (see " + help + ")";
}

}  // namespace apps
