// Reading the headers of a whole folder (declared in series.h).
#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "io/dicom/dicom_reader.h"
#include "io/dicom/reason.h"
#include "io/dicom/series.h"
#include "nn/core/error.h"
#include "nn/core/parallel.h"

namespace io {
namespace {

namespace fs = std::filesystem;

/// What is below a directory, or the one file.
struct Listing {
  std::vector<std::pair<std::string, std::string>> files;  // (path, name in tables), sorted by name
  std::vector<std::string> folder_links;                   // names in tables
};

/// Links to files are files. Links to folders are not followed: they may lead round in circles, or out of the directory
/// to half of a disk; whoever means such a folder names it.
Listing list_files(const std::string& path) {
  const fs::path root(path);
  NN_CHECK(fs::exists(root), path, ": no such file or directory");
  if (!fs::is_directory(root)) return {.files = {{path, root.filename().string()}}, .folder_links = {}};
  Listing listing;
  std::vector<fs::path> folders = {root};
  while (!folders.empty()) {
    const fs::path folder = std::move(folders.back());
    folders.pop_back();
    std::error_code error, ignored;  // ignored: a link that leads nowhere is no folder
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().lexically_relative(root).generic_string();
      const bool link = entry->is_symlink(ignored);
      if (entry->is_directory(ignored)) {
        if (link) listing.folder_links.push_back(name);
        if (!link) folders.push_back(entry->path());
      } else if (entry->is_regular_file(ignored)) {
        listing.files.emplace_back(entry->path().string(), name);
      }
    }
    NN_CHECK(!error, folder.string(), ": the folder cannot be listed: ", error.message());
  }
  std::sort(listing.files.begin(), listing.files.end(),
            [](const auto& a, const auto& b) { return a.second < b.second; });
  return listing;
}

/// What became of one file: exactly one of the two is set.
struct Outcome {
  std::optional<SliceHeader> header;
  std::optional<RejectedFile> rejected;
};

Outcome look_at(const std::string& path, const std::string& name_in_tables) {
  try {
    SliceHeader header = read_header(path);
    header.file = name_in_tables;
    return {.header = std::move(header), .rejected = {}};
  } catch (const FileRejected& error) {
    RejectedFile row = error.row();
    row.file = name_in_tables;
    return {.header = {}, .rejected = std::move(row)};
  }
}

}  // namespace

std::size_t Scan::slices() const {
  std::size_t count = 0;
  for (const Series& one : series) count += one.slices.size();
  return count;
}

Scan scan(const std::string& path, const ScanProgress& progress) {
  constexpr std::size_t block = 512;  // files between two calls of `progress`
  const Listing listing = list_files(path);
  const auto& files = listing.files;
  Scan result;
  result.files = files.size() + listing.folder_links.size();
  for (const std::string& name : listing.folder_links) {
    result.rejected.push_back({name, RejectedFile::Kind::skipped, skip::folder_link,
                               "is a link to a folder, which is not followed: give that folder itself"});
  }
  std::vector<SliceHeader> headers;
  for (std::size_t begin = 0; begin < files.size(); begin += block) {
    const std::size_t end = std::min(begin + block, files.size());
    std::vector<Outcome> outcomes(end - begin);
    nn::parallel_for(0, static_cast<std::int64_t>(end - begin), 8, [&](std::int64_t first, std::int64_t last) {
      for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
        outcomes[i] = look_at(files[begin + i].first, files[begin + i].second);
      }
    });
    for (Outcome& outcome : outcomes) {
      if (outcome.header) headers.push_back(std::move(*outcome.header));
      if (outcome.rejected) result.rejected.push_back(std::move(*outcome.rejected));
    }
    if (progress) progress(end, files.size());
  }
  result.series = group_series(std::move(headers), result.rejected);
  std::sort(result.rejected.begin(), result.rejected.end(),
            [](const RejectedFile& a, const RejectedFile& b) { return a.file < b.file; });
  return result;
}

}  // namespace io
