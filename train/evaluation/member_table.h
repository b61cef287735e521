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
};

/// `member,network,models,validation_weighted_log_loss`, a row a member.
void write_member_table(const std::filesystem::path& path, std::span<const MemberRow> rows);
std::vector<MemberRow> read_member_table(const std::filesystem::path& path);

}  // namespace train
