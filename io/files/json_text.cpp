#include "io/files/json_text.h"

#include "io/files/atomic_file.h"
#include "io/files/printable.h"
#include "nn/core/error.h"

namespace io {
namespace {

/// The place after a string whose first byte after the quotation mark is at `at`; the end of the text if it has none.
std::size_t after_string(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return at + 1;
}

}  // namespace

// Brackets and commas outside of strings are all that counts. Up to the first error, where a parser stops, it sees the
// same ones; and every value stands after one of them, but for the first.
std::string_view checked_json(std::string_view text, const JsonLimits& limits) {
  NN_CHECK(text.size() <= limits.bytes, "its JSON has ", text.size(), " bytes, expected at most ", limits.bytes);
  std::size_t values = 1;
  int depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c == '"') at = after_string(text, at);
    if (c == '[' || c == '{' || c == ',') ++values;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    NN_CHECK(depth <= limits.depth, "its JSON is nested deeper than ", limits.depth, " levels, which no such file is");
    NN_CHECK(values <= limits.values, "its JSON holds more than ", limits.values, " values");
  }
  return text;
}

std::string read_json_text(const std::filesystem::path& path) { return read_file(path, JsonLimits{}.bytes); }

std::string brief_error(const std::exception& error) { return printable(error.what(), 200); }

}  // namespace io
