#include "apps/progress_line.h"

#include <algorithm>

namespace apps {
namespace {

constexpr std::size_t widest_bar = 24, narrowest_bar = 8;

/// "  [###.....]", as wide as it can be in so many characters; empty if it would be too narrow to read.
std::string bar_within(double share, std::size_t width) {
  constexpr std::size_t frame = 4;
  if (width < narrowest_bar + frame) return {};
  const std::size_t cells = std::min(widest_bar, width - frame);
  const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(cells));
  return "  [" + std::string(filled, '#') + std::string(cells - filled, '.') + "]";
}

/// What stands at the right of the bar.
std::string numbers(const ProgressLine& line) {
  std::string text;
  if (!line.counts.empty()) text += "  " + line.counts;
  if (!line.unit.empty()) text += " " + line.unit;
  for (const std::string& part : {line.rate, line.left, line.note}) {
    if (!part.empty()) text += "  " + part;
  }
  return text;
}

}  // namespace

std::string without_bar(const ProgressLine& line) { return line.what + numbers(line); }

std::string fit(const ProgressLine& line, std::size_t width) {
  ProgressLine shorter = line;
  bool with_bar = true;
  const auto attempt = [&](std::string& result) {
    const std::string right = numbers(shorter);
    const std::size_t used = line.what.size() + right.size();
    if (used > width) return false;
    const std::string bar = with_bar ? bar_within(line.share, width - used) : std::string();
    result = line.what + bar + right;
    return !with_bar || !bar.empty();
  };
  std::string result;
  if (attempt(result)) return result;
  shorter.rate.clear();
  if (attempt(result)) return result;
  shorter.unit.clear();
  if (attempt(result)) return result;
  with_bar = false;
  if (attempt(result)) return result;
  shorter.left.clear();
  if (attempt(result)) return result;
  shorter.counts.clear();
  if (attempt(result)) return result;
  result = line.what + numbers(shorter);
  result.resize(std::min(result.size(), width));
  return result;
}

}  // namespace apps
