// The labels of a data set: a strict reader of the challenge's two CSV forms.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/labels.h"

namespace train {

/// One number a label, in the order of io::label_names.
using Probabilities = std::array<double, io::label_count>;

/// What is known of one image. Where `known` is false, `value` is 0 and means nothing: masked in loss and metrics.
struct ImageLabels {
  std::array<float, io::label_count> value = {};
  std::array<bool, io::label_count> known = {};

  bool operator==(const ImageLabels&) const = default;
};

/// The two halves of an ID of the challenge's long form: `ID_000012eaf_any` is image `ID_000012eaf`, label 0.
struct LabelId {
  std::string_view image;
  int label = 0;  // index into io::label_names
};
/// Nothing if `id` does not end in _ and a label's name, or nothing stands before it.
std::optional<LabelId> parse_label_id(std::string_view id);

struct LabelOptions {
  bool soft_labels = false;   // accept numbers between 0 and 1
  bool mask_missing = false;  // --missing-labels mask: a row that is not there is unknown, not an error
};

/// Image ids with their labels, in the order of the file.
struct LabelTable {
  std::vector<std::string> ids;
  std::vector<ImageLabels> labels;                          // of ids[i]
  std::unordered_map<std::string_view, std::size_t> index;  // views of ids: the table can be moved, not copied

  std::int64_t rows = 0;                  // data rows in the file
  std::int64_t identical_duplicates = 0;  // values said again, the same
  std::int64_t unknown_values = 0;        // empty values
  std::int64_t missing_rows = 0;          // values that no row gives, with mask_missing

  LabelTable() = default;
  LabelTable(LabelTable&&) = default;
  LabelTable& operator=(LabelTable&&) = default;
  LabelTable(const LabelTable&) = delete;
  LabelTable& operator=(const LabelTable&) = delete;

  /// nullptr if the file says nothing about this image.
  const ImageLabels* find(std::string_view id) const;
};

/// Reads `ID,Label` with six rows an image (`ID_000012eaf_any,0`), in any order, or `image,any,epidural,...` with one
/// row an image and its columns in any order. An empty value is unknown. Throws nn::Error with the line of the first
/// problem and the number of the others: a value that is not 0 or 1 (or a number between, with soft_labels), an id
/// that does not end in a label's name, a label given twice with different values, a row that is missing, and an
/// `any` that is not the OR of the five (with soft_labels: that is below one of them).
LabelTable read_labels(const std::filesystem::path& path, const LabelOptions& options = {});

/// The share of positives among the known values of each label: the class prior of a training set. 0 where nothing is
/// known.
Probabilities prevalence(std::span<const ImageLabels> labels);

}  // namespace train
