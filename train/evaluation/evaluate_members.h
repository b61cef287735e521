// An ensemble beside its members, on the images that are evaluated.
#pragma once

#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "train/evaluation/bootstrap.h"
#include "train/evaluation/predictions.h"

namespace train {

struct MemberScores {
  std::string name;
  Scores scores;
  double validation_score = std::numeric_limits<double>::quiet_NaN();  // of members.csv; NaN if not known
  std::string validation_images{};                                     // of members.csv; empty if not known
};

/// The ensemble against the member that was best on validation: chosen without a look at the evaluated labels.
struct BestMemberComparison {
  std::string member;
  DifferenceInterval interval;  // ensemble minus member: negative if the ensemble is better
  BootstrapOptions bootstrap;
  std::string drawn;  // "patients"; "studies" or "images" where the table names no patients
  /// Whether the members' validation scores, by which it was chosen, are known to be of the same images.
  bool same_validation_images = false;
};

struct MemberEvaluation {
  std::vector<MemberScores> members;               // in the order of the table's columns; empty without an ensemble
  std::optional<BestMemberComparison> comparison;  // absent if no validation score is known
};

/// rows[i] and labels[i] belong to one image. `member_table`: members.csv beside the predictions, which says what
/// members scored on validation; it need not exist. Throws nn::Error if it names other members.
MemberEvaluation evaluate_members(std::span<const std::string> members, std::span<const Prediction> rows,
                                  std::span<const ImageLabels> labels, const std::filesystem::path& member_table,
                                  const BootstrapOptions& bootstrap);

/// A table of the members and the ensemble, and a sentence on the comparison. Empty without members.
std::string member_table_text(const MemberEvaluation& evaluation, const Scores& ensemble);
/// "members" and "comparison" as a JSON object, "{}" without members.
std::string member_table_json(const MemberEvaluation& evaluation);

/// "The ensemble's weighted log loss is 0.0123 below that of cnn, ...": lines for table and report.
std::string comparison_sentence(const MemberEvaluation& evaluation);

}  // namespace train
