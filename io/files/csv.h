// Comma-separated tables (RFC 4180), strictly read and atomically written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/files/atomic_file.h"

namespace io {

/// Reads a table with a header row. Quoted fields may hold commas, line ends and doubled quotes; lines end with LF or
/// CRLF; a byte-order mark and empty lines are skipped. Refused with file and line: a row with more or fewer fields
/// than the header, a quote inside an unquoted field, text after a closing quote, a quote never closed, a NUL byte,
/// a column named twice.
///
///   for (CsvReader csv("split.csv"); csv.next();) use(csv.field("patient"), csv.line());
class CsvReader {
 public:
  explicit CsvReader(const std::filesystem::path& path);
  /// `name` stands for the file in error messages.
  CsvReader(std::string text, std::string name);
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  const std::vector<std::string_view>& header() const { return header_; }
  std::optional<int> find_column(std::string_view name) const;
  /// As find_column, but a missing column is an error that lists the columns there are.
  int column(std::string_view name) const;

  /// Goes to the next row; false at the end. Fields are views into the reader and live as long as it does.
  bool next();
  /// The line of the file on which the current row begins; the header is line 1.
  std::int64_t line() const { return line_; }
  const std::vector<std::string_view>& fields() const { return fields_; }
  std::string_view field(int column) const { return fields_[static_cast<std::size_t>(column)]; }
  std::string_view field(std::string_view name) const { return field(column(name)); }

  /// The field as a finite number; anything else is an error naming file, line and column.
  double number(int column) const;
  std::int64_t integer(int column) const;

  /// "labels.csv:12": what an error message about the current row begins with.
  std::string where() const;
  const std::string& name() const { return name_; }

 private:
  void read_header();
  bool read_row(std::vector<std::string_view>& fields);
  std::string_view read_quoted();
  [[noreturn]] void fail(std::int64_t line, const std::string& what) const;

  std::string text_, name_;
  std::size_t at_ = 0;
  std::int64_t line_ = 0, next_line_ = 1;
  std::vector<std::string_view> header_, fields_;
};

/// A number as it stands in tables: %.9g, which gives every float back exactly; empty for NaN (not known).
std::string format_number(double value);

/// Writes a table: fields are quoted when needed, numbers as format_number, lines end with LF. The file appears when
/// finish() is called, whole; see AtomicFile.
///
///   CsvWriter csv("split.csv", {"patient", "fold"});
///   csv.row("a1b2", 3);
///   csv.finish();
class CsvWriter {
 public:
  CsvWriter(const std::filesystem::path& path, const std::vector<std::string>& header);

  CsvWriter& add(std::string_view field);
  CsvWriter& add(const char* field) { return add(std::string_view(field)); }
  CsvWriter& add(double value) { return add(format_number(value)); }
  CsvWriter& add(float value) { return add(static_cast<double>(value)); }
  CsvWriter& add(std::int64_t value) { return add(std::to_string(value)); }
  CsvWriter& add(int value) { return add(static_cast<std::int64_t>(value)); }
  /// An empty field.
  CsvWriter& skip() { return add(std::string_view()); }
  /// Ends the row; throws nn::Error if it has not as many fields as the header.
  void end_row();

  template <class... Fields>
  void row(const Fields&... fields) {
    (add(fields), ...);
    end_row();
  }
  void finish();

 private:
  AtomicFile file_;
  std::string name_, row_;
  std::size_t columns_, fields_ = 0;
};

}  // namespace io
