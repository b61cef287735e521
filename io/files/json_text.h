// JSON that comes from outside, checked before a parser sees it: nlohmann's reads any depth, and then copies and prints
// what it read by recursion, level by level, until the stack ends.
#pragma once

#include <cstddef>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>

namespace io {

/// More than the program ever writes: a checkpoint's history of 100 000 epochs has 1.6 million values.
struct JsonLimits {
  std::size_t bytes = std::size_t{64} << 20U;
  std::size_t values = 4'000'000;  // a parsed value takes more memory than its text
  int depth = 8;                   // of lists and objects in each other
};

/// `text` itself, so that it can stand where it is parsed: json::parse(checked_json(text)). Throws nn::Error in one
/// line, without a file's name, if it exceeds a limit; whether it is JSON is the parser's to say.
std::string_view checked_json(std::string_view text, const JsonLimits& limits = {});

/// The text of a file, no larger than the limit; its parts are left to checked_json. Throws nn::Error naming the file.
std::string read_json_text(const std::filesystem::path& path);

/// What a parser says of a text, which it quotes in any length: one short line.
std::string brief_error(const std::exception& error);

}  // namespace io
