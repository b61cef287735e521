#include "train/data/label_match.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <unordered_set>

#include "nn/core/error.h"

namespace train {
namespace {

using Kind = io::RejectedFile::Kind;

bool is_extension(std::string_view text) {
  return text.size() <= 5 && std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c); });
}

bool anything_known(const ImageLabels& labels) {
  return std::any_of(labels.known.begin(), labels.known.end(), [](bool known) { return known; });
}

/// The rows that the image's id and its stem name; nullptr where there is none.
struct Rows {
  const ImageLabels *by_id, *by_stem;

  bool disagree() const { return by_id != nullptr && by_stem != nullptr && by_id != by_stem; }
  const ImageLabels* row() const { return by_id != nullptr ? by_id : by_stem; }
};

std::unordered_map<std::string, int> count_stems(const std::vector<DatasetImage>& images) {
  std::unordered_map<std::string, int> count;
  for (const DatasetImage& image : images) ++count[file_stem(image.file)];
  return count;
}

}  // namespace

std::string file_stem(std::string_view file) {
  std::string_view stem = file.substr(file.rfind('/') + 1);  // npos + 1 is 0
  const std::size_t dot = stem.rfind('.');
  if (dot != std::string_view::npos && dot > 0 && is_extension(stem.substr(dot + 1))) stem = stem.substr(0, dot);
  return std::string(stem);
}

void match_labels(const LabelTable& table, const std::string& table_name, bool mask_missing, Dataset& dataset) {
  const std::unordered_map<std::string, int> stem_count = count_stems(dataset.images);
  std::unordered_set<const ImageLabels*> used, of_an_id;
  for (const DatasetImage& image : dataset.images) of_an_id.insert(table.find(image.id));
  std::vector<DatasetImage> kept;
  std::string first_missing;
  std::size_t missing = 0;
  for (DatasetImage& image : dataset.images) {
    const std::string stem = file_stem(image.file);
    Rows rows{table.find(image.id), stem_count.at(stem) == 1 ? table.find(stem) : nullptr};
    if (rows.by_id == nullptr && of_an_id.contains(rows.by_stem)) rows.by_stem = nullptr;  // another image's
    if (rows.disagree()) {
      dataset.rejected.push_back({image.file, Kind::rejected, reject::label_disagrees,
                                  "the image's id and the file's name have two different rows in the labels"});
      continue;
    }
    if (rows.row() != nullptr) {
      used.insert(rows.row());
      image.labels = *rows.row();
      image.labelled = anything_known(image.labels);
    } else if (missing++ == 0) {
      first_missing = nn::message(image.id, " (", image.file, ")");
    }
    if (!image.labelled) ++dataset.unlabelled;
    kept.push_back(std::move(image));
  }
  NN_CHECK(missing == 0 || mask_missing, table_name, ": no row for image ", first_missing, " and ", missing - 1,
           " others; add them, or take their labels as unknown (--missing-labels mask)");
  dataset.images = std::move(kept);
  dataset.labels_without_image = table.ids.size() - used.size();
}

}  // namespace train
