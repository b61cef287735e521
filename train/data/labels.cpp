#include "train/data/labels.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "io/files/csv.h"
#include "nn/core/error.h"

namespace train {
namespace {

constexpr int any = 0;

/// Keeps the first problem and counts the others, so that one line says it all.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  template <class... Parts>
  void add(std::int64_t line, const Parts&... what) {
    if (count_++ == 0 || line < first_line_) {
      first_line_ = line;
      first_ = nn::message(what...);
    }
  }
  void raise() const {
    if (count_ == 0) return;
    const std::string more = count_ == 1 ? "" : nn::message(" (and ", count_ - 1, " more problems in this file)");
    throw nn::Error(nn::message(file_, ":", first_line_, ": ", first_, more));
  }

 private:
  std::string file_, first_;
  std::int64_t first_line_ = 0, count_ = 0;
};

/// Fills a LabelTable value by value and remembers on which line each was said.
class TableBuilder {
 public:
  TableBuilder(std::string file, const LabelOptions& options) : problems_(std::move(file)), options_(options) {}

  /// The index of an image, which is added if it is new. Rows of an image mostly stand together: the last is tried.
  std::size_t image(std::string_view id) {
    if (!ids_.empty() && ids_[last_] == id) return last_;
    const auto [found, is_new] = index_.try_emplace(std::string(id), ids_.size());
    if (is_new) {
      ids_.push_back(found->first);
      table_.labels.emplace_back();
      lines_.emplace_back();
    }
    return last_ = found->second;
  }

  void value(std::size_t image, int label, std::string_view text, std::int64_t line) {
    const auto at = static_cast<std::size_t>(label);
    std::int64_t& said = lines_[image][at];
    const std::optional<float> value = parse(text, line);
    if (!value) {
      if (said == 0) said = line;  // a problem already, and not a missing row besides
      return;
    }
    const bool known = !std::isnan(*value);
    ImageLabels& labels = table_.labels[image];
    if (said != 0) {
      const bool same = labels.known[at] == known && (!known || labels.value[at] == *value);
      if (same) {
        ++table_.identical_duplicates;
      } else {
        problems_.add(line, ids_[image], " has two values for ", io::label_names[at], ": the other stands on line ",
                      said);
      }
      return;
    }
    said = line;
    labels.known[at] = known;
    if (known) labels.value[at] = *value;
    if (!known) ++table_.unknown_values;
  }

  LabelTable finish(std::int64_t rows) {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      check_complete(i);
      check_any(i);
    }
    problems_.raise();
    table_.rows = rows;
    table_.ids.reserve(ids_.size());
    for (const std::string_view id : ids_) table_.ids.emplace_back(id);
    for (std::size_t i = 0; i < ids_.size(); ++i) table_.index.emplace(table_.ids[i], i);
    return std::move(table_);
  }

  Problems& problems() { return problems_; }

 private:
  /// NaN for an empty field (unknown); nothing, and a problem, for a value that is not allowed.
  std::optional<float> parse(std::string_view text, std::int64_t line) {
    if (text.empty()) return std::numeric_limits<float>::quiet_NaN();
    if (text == "0") return 0.0F;
    if (text == "1") return 1.0F;
    float value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_number = error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= 1;
    if (is_number && (options_.soft_labels || value == 0 || value == 1)) return value;
    if (is_number) {
      problems_.add(line, "the label is ", text, ", expected 0 or 1 (numbers between need --soft-labels)");
    } else {
      problems_.add(line, "the label is \"", text.substr(0, 40), "\", expected 0, 1 or nothing (unknown)");
    }
    return std::nullopt;
  }

  std::int64_t first_line(std::size_t image) const {
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t line : lines_[image]) {
      if (line != 0) first = std::min(first, line);
    }
    return first;
  }

  void check_complete(std::size_t image) {
    for (std::size_t i = 0; i < io::label_count; ++i) {
      if (lines_[image][i] != 0) continue;
      ++table_.missing_rows;
      if (!options_.mask_missing && first_line(image) != std::numeric_limits<std::int64_t>::max()) {
        problems_.add(first_line(image), ids_[image], " has no row for ", io::label_names[i],
                      " (--missing-labels mask takes it as unknown)");
      }
    }
  }

  /// `any` is the OR of the five; with soft labels it is at least their largest.
  void check_any(std::size_t image) {
    const ImageLabels& labels = table_.labels[image];
    if (!labels.known[any]) return;
    float largest = 0;
    bool all_known = true;
    for (std::size_t i = 1; i < io::label_count; ++i) {
      all_known = all_known && labels.known[i];
      if (labels.known[i]) largest = std::max(largest, labels.value[i]);
    }
    const std::int64_t line = lines_[image][any];
    if (labels.value[any] < largest) {
      problems_.add(line, ids_[image], " says any = ", labels.value[any], ", but one of the five is ", largest);
    } else if (!options_.soft_labels && all_known && labels.value[any] > largest) {
      problems_.add(line, ids_[image], " says any = 1, but all of the five are 0");
    }
  }

  LabelTable table_;
  std::unordered_map<std::string, std::size_t> index_;  // its keys do not move
  std::vector<std::string_view> ids_;
  std::vector<std::array<std::int64_t, io::label_count>> lines_;  // 0: not said yet
  std::size_t last_ = 0;
  Problems problems_;
  LabelOptions options_;
};

/// `ID,Label`, with ids like `ID_000012eaf_intraparenchymal`.
LabelTable read_long_form(io::CsvReader& csv, const LabelOptions& options) {
  TableBuilder builder(csv.name(), options);
  const int id_column = csv.column("ID"), label_column = csv.column("Label");
  std::int64_t rows = 0;
  for (; csv.next(); ++rows) {
    const std::optional<LabelId> id = parse_label_id(csv.field(id_column));
    if (!id) {
      builder.problems().add(csv.line(), "the ID is \"", csv.field(id_column).substr(0, 80),
                             "\", expected an image id, _ and a label's name, as in ID_000012eaf_any");
      continue;
    }
    builder.value(builder.image(id->image), id->label, csv.field(label_column), csv.line());
  }
  return builder.finish(rows);
}

/// `image,any,epidural,...`, columns in any order.
LabelTable read_wide_form(io::CsvReader& csv, const LabelOptions& options) {
  TableBuilder builder(csv.name(), options);
  const int image_column = csv.column("image");
  std::array<int, io::label_count> columns = {};
  for (std::size_t i = 0; i < io::label_count; ++i) columns[i] = csv.column(io::label_names[i]);
  std::int64_t rows = 0;
  for (; csv.next(); ++rows) {
    if (csv.field(image_column).empty()) {
      builder.problems().add(csv.line(), "the image id is empty");
      continue;
    }
    const std::size_t image = builder.image(csv.field(image_column));
    for (int i = 0; i < io::label_count; ++i) {
      builder.value(image, i, csv.field(columns[static_cast<std::size_t>(i)]), csv.line());
    }
  }
  return builder.finish(rows);
}

}  // namespace

std::optional<LabelId> parse_label_id(std::string_view id) {
  const std::size_t underscore = id.rfind('_');
  if (underscore == std::string_view::npos || underscore == 0) return std::nullopt;
  const auto* found = std::find(io::label_names.begin(), io::label_names.end(), id.substr(underscore + 1));
  if (found == io::label_names.end()) return std::nullopt;
  return LabelId{id.substr(0, underscore), static_cast<int>(found - io::label_names.begin())};
}

const ImageLabels* LabelTable::find(std::string_view id) const {
  const auto found = index.find(id);
  return found == index.end() ? nullptr : &labels[found->second];
}

LabelTable read_labels(const std::filesystem::path& path, const LabelOptions& options) {
  io::CsvReader csv(path);
  const bool is_long = csv.find_column("ID") && csv.find_column("Label");
  if (is_long) return read_long_form(csv, options);
  NN_CHECK(csv.find_column("image"), csv.name(),
           ":1: expected the columns ID,Label or image,any,epidural,intraparenchymal,intraventricular,subarachnoid,"
           "subdural in the header");
  return read_wide_form(csv, options);
}

Probabilities prevalence(std::span<const ImageLabels> labels) {
  Probabilities sum = {}, known = {};
  for (const ImageLabels& image : labels) {
    for (std::size_t i = 0; i < io::label_count; ++i) {
      if (!image.known[i]) continue;
      sum[i] += image.value[i];
      known[i] += 1;
    }
  }
  for (std::size_t i = 0; i < io::label_count; ++i) sum[i] = known[i] > 0 ? sum[i] / known[i] : 0;
  return sum;
}

}  // namespace train
