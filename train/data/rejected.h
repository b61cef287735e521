// rejected.csv: the files that were not used, and why.
#pragma once

#include <filesystem>
#include <span>

#include "io/rejected_file.h"

namespace train {

/// `file,kind,code,detail`, sorted by file. The table is written even if it is empty.
void write_rejected(const std::filesystem::path& path, std::span<const io::RejectedFile> files);

/// How many of them are of this kind.
std::size_t count(std::span<const io::RejectedFile> files, io::RejectedFile::Kind kind);

}  // namespace train
