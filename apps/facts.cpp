#include "apps/facts.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/json_line.h"

namespace apps {
namespace {

std::string dump(const nlohmann::ordered_json& value) { return json_line(value); }

constexpr std::size_t line_width = 100;

/// A list's text in lines of at most line_width columns, each but the first after an indentation.
std::string wrapped(const std::string& list, std::size_t indentation) {
  std::string text, line;
  std::size_t begin = 0;
  while (begin < list.size()) {
    const std::size_t comma = list.find(", ", begin);
    const std::size_t end = comma == std::string::npos ? list.size() : comma + 2;
    const std::string item = list.substr(begin, end - begin);
    if (!line.empty() && indentation + line.size() + item.find_last_not_of(' ') + 1 > line_width) {
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n" + std::string(indentation, ' ');
      line.clear();
    }
    line += item;
    begin = end;
  }
  return text + line;
}

}  // namespace

void Facts::begin(const std::string& heading) { heading_ = heading; }

void Facts::add(Fact fact) {
  fact.heading = heading_;
  facts_.push_back(std::move(fact));
}

void Facts::add(const std::string& name, const std::string& text) { add({name, text, dump(text)}); }

void Facts::add(const std::string& name, std::int64_t number) {
  const std::string text = std::to_string(number);
  add({name, text, text});
}

void Facts::add(const std::string& name, std::uint64_t number) {
  const std::string text = std::to_string(number);
  add({name, text, text});
}

void Facts::add(const std::string& name, double number) {
  if (std::isfinite(number)) {
    add({name, fmt::format("{:.6g}", number), dump(number)});
  } else {
    add({name, "", "null"});
  }
}

void Facts::add(const std::string& name, const std::vector<std::string>& texts) {
  add({name, fmt::format("{}", fmt::join(texts, ", ")), dump(texts), {}, true});
}

void Facts::print_json() const {
  std::string line;
  for (const Fact& fact : facts_) {
    std::string key = fact.name;
    std::replace(key.begin(), key.end(), ' ', '_');
    line += (line.empty() ? "{" : ", ") + dump(key) + ": " + fact.json;
  }
  std::printf("%s}\n", line.c_str());
}

void Facts::print_text() const {
  std::size_t width = 22;
  for (const Fact& fact : facts_) width = std::max(width, fact.name.size());
  std::string heading;
  for (const Fact& fact : facts_) {
    if (fact.text.empty()) continue;
    if (fact.heading != heading) {
      heading = fact.heading;
      fmt::print("\n{}\n", heading);
    }
    fmt::print("{:<{}}  {}\n", fact.name, width, fact.is_list ? wrapped(fact.text, width + 2) : fact.text);
  }
}

void Facts::print(bool json) const { json ? print_json() : print_text(); }

}  // namespace apps
