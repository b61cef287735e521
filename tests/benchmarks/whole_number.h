// Numbers on the command lines of benchmarks.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace bench {

/// Nothing, unless all of the text is a number from low to high.
inline std::optional<int> whole_number(std::string_view text, int low, int high) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) return {};
  return value;
}

}  // namespace bench
