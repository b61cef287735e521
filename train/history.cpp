#include "train/history.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/files/csv.h"

namespace train {
namespace {

constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

/// The columns of a row in their order, with their values: the one place that says what the table looks like.
std::vector<std::pair<std::string, double>> columns_of(const HistoryRow& row) {
  std::vector<std::pair<std::string, double>> columns = {{"epoch", row.epoch},
                                                         {"train_loss", row.train_loss},
                                                         {"validation_loss", row.validation_loss},
                                                         {"weighted_log_loss", row.weighted_log_loss},
                                                         {"class_prior", row.class_prior}};
  for (std::size_t i = 0; i < io::label_count; ++i) {
    columns.emplace_back("auc_" + std::string(io::label_names[i]), row.auc[i].value_or(not_known));
  }
  columns.emplace_back("learning_rate", row.learning_rate);
  columns.emplace_back("images_per_second", row.images_per_second);
  columns.emplace_back("seconds", row.seconds);
  return columns;
}

}  // namespace

void write_history(const std::filesystem::path& path, std::span<const HistoryRow> rows) {
  std::vector<std::string> header;
  for (const auto& [name, value] : columns_of({})) header.push_back(name);
  io::CsvWriter csv(path, header);
  for (const HistoryRow& row : rows) {
    for (const auto& [name, value] : columns_of(row)) csv.add(std::isfinite(value) ? value : not_known);
    csv.end_row();
  }
  csv.finish();
}

std::vector<HistoryRow> read_history(const std::filesystem::path& path) {
  io::CsvReader csv(path);
  const auto number = [&](const std::string& name) {
    const int column = csv.column(name);
    return csv.field(column).empty() ? not_known : csv.number(column);
  };
  std::vector<HistoryRow> rows;
  while (csv.next()) {
    HistoryRow row{.epoch = static_cast<int>(csv.integer(csv.column("epoch"))),
                   .train_loss = number("train_loss"),
                   .validation_loss = number("validation_loss"),
                   .weighted_log_loss = number("weighted_log_loss"),
                   .class_prior = number("class_prior"),
                   .auc = {},
                   .learning_rate = number("learning_rate"),
                   .images_per_second = number("images_per_second"),
                   .seconds = number("seconds")};
    for (std::size_t i = 0; i < io::label_count; ++i) {
      const double auc = number("auc_" + std::string(io::label_names[i]));
      if (!std::isnan(auc)) row.auc[i] = auc;
    }
    rows.push_back(row);
  }
  return rows;
}

std::string history_json(const HistoryRow& row) {
  nlohmann::ordered_json object;
  for (const auto& [name, value] : columns_of(row)) {
    object[name] = std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
  }
  object["epoch"] = row.epoch;
  return object.dump();
}

}  // namespace train
