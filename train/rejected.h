// rejected.csv: the files that were not used, and why.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace train {

struct RejectedFile {
  enum class Kind { skipped, rejected };  // not what we read (a scout, a report), or defective

  std::string file;  // below the input directory
  Kind kind = Kind::rejected;
  std::string code;    // a short word that scripts can match: truncated, localizer, no_pixel_data, ...
  std::string detail;  // one line for a person
};

/// `file,kind,code,detail`, sorted by file. The table is written even if it is empty.
void write_rejected(const std::filesystem::path& path, std::span<const RejectedFile> files);

}  // namespace train
