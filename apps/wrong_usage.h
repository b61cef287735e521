// What is wrong with a command line, in words that lead to the right one.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace apps {

/// The one of `names` that is meant by a misspelled one: at most a third of its letters are to be changed, added, left
/// out, or exchanged with the next. Empty if there is none.
std::string nearest_name(const std::string& misspelled, const std::vector<std::string>& names);

/// "--imges is no option; did you mean --images? (see falx train --help)": the first option that does not exist, before
/// whatever else was found, because an option that is misspelled is often one that is then missing.
std::string explain_wrong_usage(const CLI::App& program, const CLI::ParseError& error);

}  // namespace apps
