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

}  // namespace

void Facts::add(const std::string& name, const std::string& text) { facts_.push_back({name, text, dump(text)}); }

void Facts::add(const std::string& name, std::int64_t number) {
  const std::string text = std::to_string(number);
  facts_.push_back({name, text, text});
}

void Facts::add(const std::string& name, std::uint64_t number) {
  const std::string text = std::to_string(number);
  facts_.push_back({name, text, text});
}

void Facts::add(const std::string& name, double number) {
  if (std::isfinite(number)) {
    facts_.push_back({name, fmt::format("{:.6g}", number), dump(number)});
  } else {
    facts_.push_back({name, "", "null"});
  }
}

void Facts::add(const std::string& name, const std::vector<std::string>& texts) {
  facts_.push_back({name, fmt::format("{}", fmt::join(texts, ", ")), dump(texts)});
}

void Facts::print(bool json) const {
  if (json) {
    std::string line;
    for (const Fact& fact : facts_) {
      std::string key = fact.name;
      std::replace(key.begin(), key.end(), ' ', '_');
      line += (line.empty() ? "{" : ", ") + dump(key) + ": " + fact.json;
    }
    std::printf("%s}\n", line.c_str());
    return;
  }
  std::size_t width = 22;
  for (const Fact& fact : facts_) width = std::max(width, fact.name.size());
  for (const Fact& fact : facts_) {
    if (!fact.text.empty()) fmt::print("{:<{}}  {}\n", fact.name, width, fact.text);
  }
}

}  // namespace apps
