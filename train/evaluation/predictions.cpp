#include "train/evaluation/predictions.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "io/files/csv.h"
#include "nn/core/error.h"

namespace train {
namespace {

/// Column names with a prefix, one a label: p_any, p_epidural, ...
std::vector<std::string> label_columns(const std::string& prefix) {
  std::vector<std::string> columns;
  columns.reserve(io::label_count);
  for (const std::string_view name : io::label_names) columns.push_back(prefix + std::string(name));
  return columns;
}

void append(std::vector<std::string>& columns, const std::vector<std::string>& more) {
  columns.insert(columns.end(), more.begin(), more.end());
}

void add_all(io::CsvWriter& csv, const Probabilities& values) {
  for (const double value : values) csv.add(value);
}

void add_origin(io::CsvWriter& csv, const Prediction& row) {
  csv.add(row.image).add(row.file).add(row.patient).add(row.study).add(row.series).add(row.position_mm).add(row.order);
}

const std::vector<std::string> origin_columns = {"image", "file", "patient", "study", "series", "position_mm", "order"};

/// NAME of every column NAME_p_any, in their order.
std::vector<std::string> member_names(const io::CsvReader& csv) {
  constexpr std::string_view ending = "_p_any";
  std::vector<std::string> names;
  for (const std::string_view column : csv.header()) {
    if (column.size() > ending.size() && column.ends_with(ending)) {
      names.emplace_back(column.substr(0, column.size() - ending.size()));
    }
  }
  return names;
}

/// Reads the columns of one row that the table has.
class RowReader {
 public:
  explicit RowReader(io::CsvReader& csv) : csv_(csv), members_(member_names(csv)) {
    for (std::size_t i = 0; i < io::label_count; ++i) {
      const std::string name(io::label_names[i]);
      p_[i] = csv.column("p_" + name);
      logit_[i] = csv.find_column("logit_" + name);
      y_[i] = csv.find_column("y_" + name);
    }
    for (const std::string& member : members_) {
      auto& columns = member_p_.emplace_back();
      for (std::size_t i = 0; i < io::label_count; ++i) {
        columns[i] = csv.column(member + "_p_" + std::string(io::label_names[i]));
      }
    }
  }

  const std::vector<std::string>& members() const { return members_; }

  Prediction read() const {
    Prediction row;
    row.image = csv_.field("image");
    row.file = text("file");
    row.patient = text("patient");
    row.study = text("study");
    row.series = text("series");
    row.context = text("context");
    if (const auto column = csv_.find_column("position_mm"); column && !csv_.field(*column).empty()) {
      row.position_mm = csv_.number(*column);
    }
    if (const auto column = csv_.find_column("order"); column && !csv_.field(*column).empty()) {
      row.order = static_cast<int>(csv_.integer(*column));
    }
    read_labels(row);
    for (const auto& columns : member_p_) {
      Probabilities& member = row.by_member.emplace_back();
      for (std::size_t i = 0; i < member.size(); ++i) member[i] = in_unit_interval(columns[i]);
    }
    return row;
  }

 private:
  std::string text(std::string_view name) const {
    const auto column = csv_.find_column(name);
    return column ? std::string(csv_.field(*column)) : std::string();
  }

  double in_unit_interval(int column) const {
    const double value = csv_.number(column);
    NN_CHECK(value >= 0 && value <= 1, csv_.where(), ": expected ", csv_.header()[static_cast<std::size_t>(column)],
             " from 0 to 1, found ", value);
    return value;
  }

  void read_labels(Prediction& row) const {
    ImageLabels labels;
    for (std::size_t i = 0; i < io::label_count; ++i) {
      row.probability[i] = in_unit_interval(p_[i]);
      if (logit_[i]) row.logit[i] = csv_.number(*logit_[i]);
      if (!y_[i] || csv_.field(*y_[i]).empty()) continue;
      labels.known[i] = true;
      labels.value[i] = static_cast<float>(in_unit_interval(*y_[i]));
    }
    if (y_[0]) row.labels = labels;
  }

  io::CsvReader& csv_;
  std::vector<std::string> members_;
  std::array<int, io::label_count> p_ = {};
  std::vector<std::array<int, io::label_count>> member_p_;
  std::array<std::optional<int>, io::label_count> logit_, y_;
};

}  // namespace

double disagreement(const Prediction& prediction) {
  if (prediction.by_member.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  double largest = 0;
  for (std::size_t i = 0; i < io::label_count; ++i) {
    const auto [low, high] = std::minmax_element(prediction.by_member.begin(), prediction.by_member.end(),
                                                 [&](const auto& a, const auto& b) { return a[i] < b[i]; });
    largest = std::max(largest, (*high)[i] - (*low)[i]);
  }
  return largest;
}

void write_validation_predictions(const std::filesystem::path& path, std::span<const Prediction> predictions) {
  std::vector<std::string> columns = origin_columns;
  for (const char* prefix : {"p_", "logit_", "y_"}) append(columns, label_columns(prefix));
  io::CsvWriter csv(path, columns);
  for (const Prediction& row : predictions) {
    add_origin(csv, row);
    add_all(csv, row.probability);
    add_all(csv, row.logit);
    const ImageLabels labels = row.labels.value_or(ImageLabels{});
    for (std::size_t i = 0; i < io::label_count; ++i) labels.known[i] ? csv.add(labels.value[i]) : csv.skip();
    csv.end_row();
  }
  csv.finish();
}

void write_predictions(const std::filesystem::path& path, std::span<const Prediction> predictions,
                       std::span<const std::string> members) {
  std::vector<std::string> columns = origin_columns;
  columns.emplace_back("context");
  append(columns, label_columns("p_"));
  append(columns, label_columns("logit_"));
  for (const std::string& member : members) append(columns, label_columns(member + "_p_"));
  columns.emplace_back("disagreement");
  io::CsvWriter csv(path, columns);
  for (const Prediction& row : predictions) {
    NN_CHECK(members.empty() || row.by_member.size() == members.size(), "image ", row.image, " has predictions of ",
             row.by_member.size(), " members, expected ", members.size());
    add_origin(csv, row);
    csv.add(row.context);
    add_all(csv, row.probability);
    add_all(csv, row.logit);
    for (std::size_t i = 0; i < members.size(); ++i) add_all(csv, row.by_member[i]);
    csv.add(disagreement(row));
    csv.end_row();
  }
  csv.finish();
}

PredictionTable read_prediction_table(const std::filesystem::path& path) {
  io::CsvReader csv(path);
  csv.column("image");
  const RowReader reader(csv);
  PredictionTable table{.members = reader.members(), .rows = {}};
  std::unordered_set<std::string> images;
  while (csv.next()) {
    table.rows.push_back(reader.read());
    const std::string& image = table.rows.back().image;
    NN_CHECK(images.insert(image).second, csv.where(), ": image ", image, " stands twice");
  }
  return table;
}

std::vector<Prediction> read_predictions(const std::filesystem::path& path) { return read_prediction_table(path).rows; }

std::vector<StudyPrediction> predict_studies(std::span<const Prediction> predictions) {
  std::vector<StudyPrediction> result;
  std::vector<std::string> studies;                                             // in order of appearance
  std::unordered_map<std::string, std::vector<StudyPrediction>> rows_of_study;  // [0]: the study's own row
  const auto take = [](StudyPrediction& row, const Prediction& slice) {
    for (std::size_t i = 0; i < io::label_count; ++i) {
      if (row.images > 0 && slice.probability[i] <= row.probability[i]) continue;
      row.probability[i] = slice.probability[i];
      row.slice[i] = slice.image;
    }
    ++row.images;
  };
  for (const Prediction& slice : predictions) {
    auto& rows = rows_of_study[slice.study];
    if (rows.empty()) {
      studies.push_back(slice.study);
      rows.push_back({.patient = slice.patient, .study = slice.study});
    }
    auto series =
        std::find_if(rows.begin() + 1, rows.end(), [&](const auto& row) { return row.series == slice.series; });
    if (series == rows.end()) {
      rows.push_back({.patient = slice.patient, .study = slice.study, .series = slice.series});
      series = rows.end() - 1;
    }
    take(rows.front(), slice);
    take(*series, slice);
  }
  for (const std::string& study : studies) {
    auto& rows = rows_of_study[study];
    std::rotate(rows.begin(), rows.begin() + 1, rows.end());
    rows.back().is_study = true;
    std::move(rows.begin(), rows.end(), std::back_inserter(result));
  }
  return result;
}

void write_studies(const std::filesystem::path& path, std::span<const StudyPrediction> studies) {
  std::vector<std::string> columns = {"study", "series"};
  append(columns, label_columns("p_"));
  append(columns, label_columns("slice_"));
  append(columns, {"images", "flags", "rule"});
  io::CsvWriter csv(path, columns);
  for (const StudyPrediction& row : studies) {
    csv.add(row.study).add(row.series);
    add_all(csv, row.probability);
    for (const std::string& slice : row.slice) csv.add(slice);
    std::string flags;
    for (const std::string& flag : row.flags) flags += (flags.empty() ? "" : " ") + flag;
    csv.add(row.images)
        .add(flags)
        .add(row.is_study ? "maximum over all slices of the study" : "maximum over the slices");
    csv.end_row();
  }
  csv.finish();
}

}  // namespace train
