#include "train/evaluation/member_table.h"

#include <cmath>

#include "io/files/csv.h"

namespace train {

void write_member_table(const std::filesystem::path& path, std::span<const MemberRow> rows) {
  io::CsvWriter csv(path, {"member", "network", "models", "validation_weighted_log_loss", "validation_images"});
  for (const MemberRow& row : rows)
    csv.row(row.member, row.network, row.models, row.validation_score, row.validation_images);

  csv.finish();
}

std::vector<MemberRow> read_member_table(const std::filesystem::path& path) {
  io::CsvReader csv(path);
  const int member = csv.column("member"), network = csv.column("network"), models = csv.column("models"),
            score = csv.column("validation_weighted_log_loss");
  const std::optional<int> images = csv.find_column("validation_images");
  std::vector<MemberRow> rows;
  while (csv.next()) {
    rows.push_back({.member = std::string(csv.field(member)),
                    .network = std::string(csv.field(network)),
                    .models = static_cast<int>(csv.integer(models)),
                    .validation_score = csv.field(score).empty() ? std::nan("") : csv.number(score),
                    .validation_images = std::string(images ? csv.field(*images) : "")});
  }
  return rows;
}

}  // namespace train
