#include "train/data/rejected.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "io/files/csv.h"

namespace train {

void write_rejected(const std::filesystem::path& path, std::span<const io::RejectedFile> files) {
  std::vector<const io::RejectedFile*> sorted;
  for (const io::RejectedFile& file : files) sorted.push_back(&file);
  std::sort(sorted.begin(), sorted.end(), [](const io::RejectedFile* a, const io::RejectedFile* b) {
    return std::tie(a->file, a->code) < std::tie(b->file, b->code);
  });
  io::CsvWriter csv(path, {"file", "kind", "code", "detail"});
  for (const io::RejectedFile* file : sorted) csv.row(file->file, name(file->kind), file->code, file->detail);
  csv.finish();
}

std::size_t count(std::span<const io::RejectedFile> files, io::RejectedFile::Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(files.begin(), files.end(), [kind](const io::RejectedFile& file) { return file.kind == kind; }));
}

}  // namespace train
