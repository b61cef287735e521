// members.csv: what `falx predict` says of an ensemble's members beside predictions.csv, for whoever judges them later.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace train {

struct MemberRow {
  std::string member;       // the columns MEMBER_p_any, ... of predictions.csv
  std::string network;      // "densenet121"
  int models = 1;           // folds
  double validation_score;  // weighted log loss; NaN: not known
  /// What it was measured on: equal texts, equal images. Empty: not known.
  std::string validation_images{};
};

/// `member,network,models,validation_weighted_log_loss,validation_images`, a row a member. The last column need not be
/// there to be read.
void write_member_table(const std::filesystem::path& path, std::span<const MemberRow> rows);
std::vector<MemberRow> read_member_table(const std::filesystem::path& path);

}  // namespace train
