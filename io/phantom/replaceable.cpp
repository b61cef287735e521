#include "io/phantom/replaceable.h"

#include <set>
#include <string>

#include "io/files/atomic_file.h"
#include "io/files/csv.h"
#include "nn/core/error.h"

namespace io::phantom {
namespace {

namespace fs = std::filesystem;

constexpr const char* mark = "made-by-falx-synth";

[[noreturn]] void refuse(const fs::path& path, const char* why) {
  throw nn::Error(nn::message(path.string(), ": not replaced, because ", why, "; give another --out"));
}

std::set<std::string> column_of(const fs::path& table, const char* name) {
  std::set<std::string> values;
  if (!fs::exists(table)) return values;
  CsvReader csv(table);
  for (const int column = csv.column(name); csv.next();) values.emplace(csv.field(column));
  return values;
}

/// The files that the set's own truth lists, by their names.
struct Listed {
  std::set<std::string> slices, masks;

  explicit Listed(const fs::path& truth) : slices(column_of(truth / "traps.csv", "file")) {
    for (const std::string& image : column_of(truth / "images.csv", "image")) {
      slices.insert(image + ".dcm");
      masks.insert(image + ".png");
    }
  }
};

void check_folder(const fs::path& folder, const std::set<std::string>& names) {
  if (!fs::exists(fs::symlink_status(folder))) return;
  if (!fs::is_directory(folder)) refuse(folder, "it is no folder of a synthetic data set");
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (names.contains(entry.path().filename().string())) continue;
    refuse(folder, nn::message("truth/ does not list ", entry.path().filename().string()).c_str());
  }
}

/// Rows are IMAGE_LABEL.
void check_table(const fs::path& table, const std::set<std::string>& slices) {
  if (!fs::exists(fs::symlink_status(table))) return;
  if (!fs::is_regular_file(table)) refuse(table, "it is no table of a synthetic data set");
  for (const std::string& id : column_of(table, "ID")) {
    if (!slices.contains(id.substr(0, id.rfind('_')) + ".dcm")) refuse(table, "truth/ does not list all of its images");
  }
}

}  // namespace

void check_replaceable(const fs::path& out) {
  const fs::path truth = out / "truth";
  const Listed listed(truth);
  for (const char* folder : {"stage_2_train", "stage_2_test"}) check_folder(out / folder, listed.slices);
  for (const char* table : {"stage_2_train.csv", "stage_2_test_labels.csv"}) check_table(out / table, listed.slices);
  check_folder(truth / "masks", listed.masks);
  check_folder(truth, {"images.csv", "studies.csv", "hemorrhages.csv", "dense_details.csv", "defects.csv", "traps.csv",
                       "masks"});
}

void make_unfinished(const fs::path& folder) {
  fs::create_directories(folder);
  write_file_atomically(folder / mark, "");
}

void remove_unfinished(const fs::path& folder) {
  if (!fs::exists(fs::symlink_status(folder))) return;
  if (!fs::exists(folder / mark)) refuse(folder, "it is not what falx synth left when it was killed");
  fs::remove_all(folder);
}

}  // namespace io::phantom
