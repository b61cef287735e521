#include "io/files/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "nn/core/error.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Rows = std::vector<std::vector<std::string>>;

Rows read(const std::string& text) {
  Rows rows;
  io::CsvReader csv(text, "table.csv");
  while (csv.next()) rows.emplace_back(csv.fields().begin(), csv.fields().end());
  return rows;
}

std::string error_of(const std::string& text) {
  return test::error_of([&] { read(text); });
}

TEST(CsvReader, ReadsQuotesCommasAndLineEndsInFields) {
  EXPECT_EQ(read("a,b\n1,\"x,\"\"y\"\"\"\r\n\"two\nlines\",\"\"\n,\n"),
            (Rows{{"1", "x,\"y\""}, {"two\nlines", ""}, {"", ""}}));
  EXPECT_EQ(read("a,b\n1,2"), (Rows{{"1", "2"}})) << "the last line end may be missing";
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "a\r\n1\r\n\r\n\r\n2\r\n\r\n"),
            (Rows{{"1"}, {"2"}}))
      << "byte-order mark, empty lines";
  EXPECT_EQ(read("a\n\"\"\n"), (Rows{{""}}));
}

TEST(CsvReader, KeepsLineNumbers) {
  io::CsvReader csv("\n# is no comment\n\n\"1\n2\"\n3\n", "t.csv");
  EXPECT_THAT(csv.header(), ElementsAre("# is no comment"));
  ASSERT_TRUE(csv.next());
  EXPECT_EQ(csv.line(), 4);
  ASSERT_TRUE(csv.next());
  EXPECT_EQ(csv.where(), "t.csv:6");
  EXPECT_FALSE(csv.next());
}

TEST(CsvReader, FindsColumnsByName) {
  io::CsvReader csv("id,value,count\nx,1.5e-3,7\n", "t.csv");
  ASSERT_TRUE(csv.next());
  EXPECT_EQ(csv.field("id"), "x");
  EXPECT_EQ(csv.number(csv.column("value")), 0.0015);
  EXPECT_EQ(csv.integer(csv.column("count")), 7);
  EXPECT_EQ(csv.find_column("nothing"), std::nullopt);
  EXPECT_THROW(csv.integer(csv.column("value")), nn::Error);
  EXPECT_THROW(csv.number(csv.column("id")), nn::Error);
  try {
    csv.column("nothing");
    FAIL();
  } catch (const nn::Error& error) {
    EXPECT_STREQ(error.what(), "t.csv: expected a column nothing, the header has id, value, count");
  }
}

TEST(CsvReader, RefusesWhatIsNoTable) {
  EXPECT_EQ(error_of(""), "table.csv: empty, expected a table with a header row");
  EXPECT_EQ(error_of("a,b\n1,2\n3\n"), "table.csv:3: expected 2 fields, found 1");
  EXPECT_EQ(error_of("a,b\n1,2,3\n"), "table.csv:2: expected 2 fields, found 3");
  EXPECT_EQ(error_of("a\nx\"y\n"), "table.csv:2: a quote inside an unquoted field");
  EXPECT_EQ(error_of("a\n\"x\"y\n"), "table.csv:2: text after the closing quote of a field");
  EXPECT_EQ(error_of("a\n1\n\"x\n\n\n"), "table.csv:3: a quoted field is never closed");
  EXPECT_EQ(error_of("a\n1\r2\n"), "table.csv:2: a lone carriage return");
  EXPECT_EQ(error_of("a\n1\r"), "table.csv:2: a lone carriage return");
  EXPECT_EQ(error_of(std::string("a\n1\0\n", 5)), "table.csv:2: a NUL byte: this is no text file");
  EXPECT_EQ(error_of("a,b,a\n"), "table.csv:1: the header names column a twice");
}

TEST(CsvReader, AHundredThousandColumnsTakeNoMinute) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "column_" + std::to_string(i) + ",";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(io::CsvReader(text + "last\n", "t.csv").header().size(), 100'001U);
  EXPECT_EQ(error_of(text + "column_7\n"), "table.csv:1: the header names column column_7 twice");
  // Comparing each name with every other took more than 60 s; a set takes 0.02 s.
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 10);
}

TEST(CsvReader, RefusesNumbersThatAreNone) {
  for (const char* text : {"", " 1", "1 ", "nan", "inf", "0x10", "1,5", "1e999"}) {
    io::CsvReader csv("a\n\"" + std::string(text) + "\"\n", "t.csv");
    if (!csv.next()) continue;
    EXPECT_THROW(csv.number(0), nn::Error) << text;
  }
}

TEST(CsvReader, MillionsOfRowsTakeSeconds) {
  std::string text = "ID,Label\n";
  constexpr int rows = 4'516'842;  // the challenge's
  for (int i = 0; i < rows; ++i) text += "ID_012345678_intraparenchymal,0\n";
  const auto start = std::chrono::steady_clock::now();
  io::CsvReader csv(std::move(text), "t.csv");
  std::int64_t count = 0, length = 0;
  while (csv.next()) {
    ++count;
    length += static_cast<std::int64_t>(csv.field(0).size());
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(count, rows);
  EXPECT_EQ(length, std::int64_t{rows} * 29);
  // Measured: 0.2 s on one core; the bound leaves room for sanitizers and a busy machine.
  EXPECT_LT(seconds.count(), 30);
}

TEST(CsvWriter, QuotesOnlyWhatNeedsIt) {
  const test::TemporaryDirectory directory;
  io::CsvWriter csv(directory / "t.csv", {"text", "number", "count"});
  csv.row("plain", 0.1, 3);
  csv.row("a,b", std::nan(""), std::int64_t{-4});
  csv.add("say \"x\"\n").skip().add(1.0F / 3);
  csv.end_row();
  csv.finish();
  EXPECT_EQ(io::read_file(directory / "t.csv"),
            "text,number,count\nplain,0.1,3\n\"a,b\",,-4\n\"say \"\"x\"\"\n\",,0.333333343\n");
}

TEST(CsvWriter, RefusesARowOfAnotherLengthAndAnUnfinishedTable) {
  const test::TemporaryDirectory directory;
  {
    io::CsvWriter csv(directory / "t.csv", {"a", "b"});
    csv.add(1);
    EXPECT_THROW(csv.finish(), nn::Error);
    EXPECT_THROW(csv.end_row(), nn::Error);
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(CsvWriter, WhatItWritesReadsBack) {
  const test::TemporaryDirectory directory;
  std::mt19937 random(1);
  const std::string alphabet = "ab,\"\n\r ;\t";
  Rows rows;
  for (int i = 0; i < 500; ++i) {
    std::vector<std::string> row(3);
    for (std::string& field : row) {
      for (auto length = random() % 6; length-- > 0;) field += alphabet[random() % alphabet.size()];
    }
    rows.push_back(row);
  }
  io::CsvWriter csv(directory / "t.csv", {"a", "b", "c"});
  for (const auto& row : rows) csv.row(row[0], row[1], row[2]);
  csv.finish();
  EXPECT_EQ(read(io::read_file(directory / "t.csv")), rows);
}

TEST(FormatNumber, GivesEveryFloatBack) {
  std::mt19937 random(2);
  for (int i = 0; i < 10000; ++i) {
    const float value = std::ldexp(static_cast<float>(random()), static_cast<int>(random() % 60) - 60);
    EXPECT_EQ(std::stof(io::format_number(value)), value);
  }
  EXPECT_EQ(io::format_number(std::numeric_limits<double>::quiet_NaN()), "");
}

}  // namespace
