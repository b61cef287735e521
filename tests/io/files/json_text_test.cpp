#include "io/files/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"

namespace {

using test::error_of;
using testing::HasSubstr;

std::string error_with(const std::string& text, const io::JsonLimits& limits = {}) {
  return error_of([&] { io::checked_json(text, limits); });
}

TEST(JsonText, LeavesTheTextAsItIs) {
  for (const char* text : {"", "[", R"({"a": [1, {"b\"[[": null}]})", "no JSON", "]]]]", "\"", "\"\\"}) {
    EXPECT_EQ(io::checked_json(text).data(), text);
    EXPECT_EQ(io::checked_json(text), text);
  }
}

TEST(JsonText, NestsToItsDepthAndNoDeeper) {
  const io::JsonLimits limits{.depth = 3};
  EXPECT_EQ(error_with(R"([{"a": [1]}, [[2]], [[]]])", limits), "");
  EXPECT_EQ(error_with(R"([{"a": [1, {}]}])", limits),
            "its JSON is nested deeper than 3 levels, which no such file is");
  EXPECT_THAT(error_with(std::string(100'000, '[')), HasSubstr("nested deeper than 8 levels"));
}

TEST(JsonText, BracketsInStringsAreNone) {
  const io::JsonLimits limits{.values = 3, .depth = 1};
  EXPECT_EQ(error_with(R"(["[[[{{{,,,", "\"[[[,,,", "\\"])", {.values = 4, .depth = 1}), "");
  EXPECT_THAT(error_with(R"(["\\", [1]])", limits), HasSubstr("nested deeper")) << "the string ends before the list";
  EXPECT_THAT(error_with(R"(["\"", [1]])", limits), HasSubstr("nested deeper"));
  EXPECT_EQ(error_with(R"(["\", [1]])", limits), "") << "this one never ends";
}

TEST(JsonText, HoldsSoManyValuesAndBytesAndNoMore) {
  EXPECT_EQ(error_with("[1,2,3]", {.values = 4}), "");
  EXPECT_EQ(error_with("[1,2,3,4]", {.values = 4}), "its JSON holds more than 4 values");
  EXPECT_EQ(error_with("[[],[]]", {.values = 3}), "its JSON holds more than 3 values");
  EXPECT_EQ(error_with("12345", {.bytes = 5}), "");
  EXPECT_EQ(error_with("123456", {.bytes = 5}), "its JSON has 6 bytes, expected at most 5");
}

TEST(JsonText, OfAFileHasABoundedSize) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path path = directory / "a.json";
  std::ofstream(path) << "{}";
  EXPECT_EQ(io::read_json_text(path), "{}");
  std::filesystem::resize_file(path, io::JsonLimits{}.bytes + 1);  // a hole, which takes no room
  EXPECT_EQ(error_of([&] { io::read_json_text(path); }),
            "cannot read " + path.string() + ": it has more than the 67108864 bytes of such a file");
  EXPECT_THAT(error_of([] { io::read_json_text("/dev/zero"); }), HasSubstr("/dev/zero: it has more than"));
}

TEST(JsonText, AParsersWordsBecomeOneShortLine) {
  EXPECT_EQ(io::brief_error(std::runtime_error("line 1,\nline 2")), "line 1,?line 2");
  EXPECT_EQ(io::brief_error(std::runtime_error(std::string(300, 'a'))), std::string(200, 'a') + "...");
}

}  // namespace
