// submission.csv, the challenge's form: `ID,Label`, six rows an image.
#include <array>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "io/files/csv.h"
#include "nn/core/error.h"
#include "train/evaluation/predictions.h"

namespace train {
namespace {

/// The row order of the challenge's own files, as indices into io::label_names: epidural ... subdural, any.
constexpr std::array<std::size_t, io::label_count> challenge_row_order = {1, 2, 3, 4, 5, 0};

std::string row_id(const std::string& image, std::size_t label) {
  return image + "_" + std::string(io::label_names[label]);
}

LabelId label_id(const io::CsvReader& csv, int column) {
  const std::optional<LabelId> id = parse_label_id(csv.field(column));
  NN_CHECK(id, csv.where(), ": the ID is \"", csv.field(column).substr(0, 80),
           "\", expected an image id, _ and a label's name, as in ID_000012eaf_any");
  return *id;
}

}  // namespace

void write_submission(const std::filesystem::path& path, std::span<const Prediction> predictions) {
  io::CsvWriter csv(path, {"ID", "Label"});
  for (const Prediction& row : predictions) {
    for (const std::size_t label : challenge_row_order) csv.row(row_id(row.image, label), row.probability[label]);
  }
  csv.finish();
}

std::vector<TemplateRow> read_template(const std::filesystem::path& path) {
  io::CsvReader csv(path);
  const int id_column = csv.column("ID");
  std::vector<TemplateRow> rows;
  std::unordered_set<std::string_view> ids;  // views into the file's text, which lives as long as `csv`
  while (csv.next()) {
    const LabelId id = label_id(csv, id_column);
    NN_CHECK(ids.insert(csv.field(id_column)).second, csv.where(), ": ", csv.field(id_column), " stands twice");
    rows.push_back({std::string(id.image), id.label});
  }
  return rows;
}

TemplateCounts write_submission(const std::filesystem::path& path, std::span<const Prediction> predictions,
                                std::span<const TemplateRow> rows, const Probabilities& class_prior) {
  std::unordered_map<std::string_view, const Prediction*> by_image;
  for (const Prediction& row : predictions) by_image.emplace(row.image, &row);

  io::CsvWriter csv(path, {"ID", "Label"});
  std::unordered_set<std::string_view> images, found;
  for (const TemplateRow& row : rows) {
    images.insert(row.image);
    const auto prediction = by_image.find(row.image);
    if (prediction != by_image.end()) found.insert(row.image);
    const Probabilities& p = prediction == by_image.end() ? class_prior : prediction->second->probability;
    const auto label = static_cast<std::size_t>(row.label);
    csv.row(row_id(row.image, label), p[label]);
  }
  csv.finish();
  return {.images = static_cast<std::int64_t>(images.size()),
          .filled_with_prior = static_cast<std::int64_t>(images.size() - found.size()),
          .not_in_template = static_cast<std::int64_t>(by_image.size() - found.size())};
}

std::vector<Prediction> read_submission(const std::filesystem::path& path) {
  io::CsvReader csv(path);
  const int id_column = csv.column("ID"), label_column = csv.column("Label");
  std::vector<Prediction> rows;
  std::vector<std::array<bool, io::label_count>> given;
  std::unordered_map<std::string_view, std::size_t> index;
  while (csv.next()) {
    const LabelId id = label_id(csv, id_column);
    const double probability = csv.number(label_column);
    NN_CHECK(probability >= 0 && probability <= 1, csv.where(), ": expected a probability from 0 to 1, found ",
             probability);
    const auto [entry, is_new] = index.try_emplace(id.image, rows.size());
    if (is_new) {
      rows.emplace_back().image = id.image;
      given.emplace_back();
    }
    bool& was_given = given[entry->second][static_cast<std::size_t>(id.label)];
    NN_CHECK(!was_given, csv.where(), ": ", csv.field(id_column), " stands twice");
    was_given = true;
    rows[entry->second].probability[static_cast<std::size_t>(id.label)] = probability;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t label = 0; label < io::label_count; ++label) {
      NN_CHECK(given[i][label], csv.name(), ": expected a row ", row_id(rows[i].image, label), ", there is none");
    }
  }
  return rows;
}

}  // namespace train
