#include "io/files/csv.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "nn/core/error.h"

namespace io {

CsvReader::CsvReader(const std::filesystem::path& path) : text_(read_file(path)), name_(path.string()) {
  read_header();
}

CsvReader::CsvReader(std::string text, std::string name) : text_(std::move(text)), name_(std::move(name)) {
  read_header();
}

void CsvReader::read_header() {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text_.compare(0, byte_order_mark.size(), byte_order_mark) == 0) at_ = byte_order_mark.size();
  NN_CHECK(read_row(header_), name_, ": empty, expected a table with a header row");
  std::unordered_set<std::string_view> names;
  for (const std::string_view name : header_) {
    if (!names.insert(name).second) fail(line_, nn::message("the header names column ", name, " twice"));
  }
}

bool CsvReader::next() {
  if (!read_row(fields_)) return false;
  if (fields_.size() != header_.size()) {
    fail(line_, nn::message("expected ", header_.size(), " fields, found ", fields_.size()));
  }
  return true;
}

bool CsvReader::read_row(std::vector<std::string_view>& fields) {
  fields.clear();
  // Empty lines say nothing.
  while (at_ < text_.size() && (text_[at_] == '\n' || text_.compare(at_, 2, "\r\n") == 0)) {
    at_ += text_[at_] == '\n' ? 1 : 2;
    ++next_line_;
  }
  if (at_ == text_.size()) return false;
  line_ = next_line_;

  for (;;) {
    if (at_ < text_.size() && text_[at_] == '"') {
      fields.push_back(read_quoted());
    } else {
      const std::size_t begin = at_;
      while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r') {
        if (text_[at_] == '"') fail(next_line_, "a quote inside an unquoted field");
        if (text_[at_] == '\0') fail(next_line_, "a NUL byte: this is no text file");
        ++at_;
      }
      fields.push_back(std::string_view(text_).substr(begin, at_ - begin));
    }
    if (at_ == text_.size()) return true;
    const char end = text_[at_++];
    if (end == ',') continue;
    if (end == '\r' && (at_ == text_.size() || text_[at_++] != '\n')) fail(next_line_, "a lone carriage return");
    ++next_line_;
    return true;
  }
}

/// Doubled quotes are collapsed in place: the field only becomes shorter, so it stays a view into the text.
std::string_view CsvReader::read_quoted() {
  const std::int64_t opened = next_line_;
  const std::size_t begin = ++at_;
  std::size_t end = begin;
  for (;; ++at_) {
    if (at_ == text_.size()) fail(opened, "a quoted field is never closed");
    if (text_[at_] == '"') {
      if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
      ++at_;
    }
    if (text_[at_] == '\0') fail(next_line_, "a NUL byte: this is no text file");
    if (text_[at_] == '\n') ++next_line_;
    text_[end++] = text_[at_];
  }
  ++at_;
  const bool ends = at_ == text_.size() || text_[at_] == ',' || text_[at_] == '\n' || text_[at_] == '\r';
  if (!ends) fail(next_line_, "text after the closing quote of a field");
  return std::string_view(text_).substr(begin, end - begin);
}

std::optional<int> CsvReader::find_column(std::string_view column_name) const {
  const auto found = std::find(header_.begin(), header_.end(), column_name);
  if (found == header_.end()) return std::nullopt;
  return static_cast<int>(found - header_.begin());
}

int CsvReader::column(std::string_view column_name) const {
  const std::optional<int> found = find_column(column_name);
  if (!found) {
    std::string columns;
    for (const std::string_view column : header_) columns += nn::message(columns.empty() ? "" : ", ", column);
    if (columns.size() > 200) columns = columns.substr(0, 200) + " ...";
    throw nn::Error(nn::message(name_, ": expected a column ", column_name, ", the header has ", columns));
  }
  return *found;
}

double CsvReader::number(int column) const {
  const std::string_view text = field(column);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    fail(line_,
         nn::message("expected a number as ", header_[static_cast<std::size_t>(column)], ", found \"", text, "\""));
  }
  return value;
}

std::int64_t CsvReader::integer(int column) const {
  const std::string_view text = field(column);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(line_, nn::message("expected a whole number as ", header_[static_cast<std::size_t>(column)], ", found \"",
                            text, "\""));
  }
  return value;
}

std::string CsvReader::where() const { return nn::message(name_, ":", line_); }

void CsvReader::fail(std::int64_t line, const std::string& what) const {
  throw nn::Error(nn::message(name_, ":", line, ": ", what));
}

std::string format_number(double value) { return std::isnan(value) ? std::string() : fmt::format("{:.9g}", value); }

CsvWriter::CsvWriter(const std::filesystem::path& path, const std::vector<std::string>& header)
    : file_(path), name_(path.string()), columns_(header.size()) {
  for (const std::string& column : header) add(column);
  end_row();
}

CsvWriter& CsvWriter::add(std::string_view field) {
  if (fields_++ > 0) row_ += ',';
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    row_ += field;
    return *this;
  }
  row_ += '"';
  for (const char c : field) row_.append(c == '"' ? 2 : 1, c);
  row_ += '"';
  return *this;
}

void CsvWriter::end_row() {
  NN_CHECK(fields_ == columns_, name_, ": a row of ", columns_, " fields was expected, ", fields_, " were given");
  row_ += '\n';
  file_.write(row_);
  row_.clear();
  fields_ = 0;
}

void CsvWriter::finish() {
  NN_CHECK(fields_ == 0, name_, ": the last row was not ended");
  file_.commit();
}

}  // namespace io
