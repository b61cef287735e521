#include "io/dicom/duplicates.h"

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "io/dicom/dicom_reader.h"

namespace io {
namespace {

using Kind = RejectedFile::Kind;

bool same_pixels(const CtSlice& a, const CtSlice& b) {
  return a.header.rows == b.header.rows && a.header.columns == b.header.columns && a.slope == b.slope &&
         a.intercept == b.intercept && a.pixels == b.pixels;
}

/// Decides about the files of one image_id, given as indices into `headers`; marks those that go in `drop`.
void resolve(const std::vector<SliceHeader>& headers, const std::vector<std::size_t>& same_id, std::vector<bool>& drop,
             std::vector<RejectedFile>& rejected) {
  std::vector<std::size_t> readable;
  std::optional<CtSlice> first;
  bool all_same = true;
  for (const std::size_t index : same_id) {
    try {
      CtSlice slice = read_slice(headers[index].path);
      if (first) all_same = all_same && same_pixels(*first, slice);
      if (!first) first = std::move(slice);
      readable.push_back(index);
    } catch (const FileRejected& error) {
      drop[index] = true;
      rejected.push_back({headers[index].file, error.kind(), error.code(), error.detail()});
    }
  }
  if (readable.size() < 2) return;
  const std::string& first_file = headers[readable[0]].file;
  for (std::size_t i = all_same ? 1 : 0; i < readable.size(); ++i) {
    const std::size_t index = readable[i];
    drop[index] = true;
    const std::string& other = i == 0 ? headers[readable[1]].file : first_file;
    if (all_same) {
      rejected.push_back({headers[index].file, Kind::skipped, skip::duplicate, "the same image as " + other});
    } else {
      rejected.push_back({headers[index].file, Kind::rejected, reject::conflicting_duplicate,
                          "has the SOPInstanceUID of " + other + " but not the same pixels"});
    }
  }
}

}  // namespace

std::vector<SliceHeader> without_duplicates(std::vector<SliceHeader> headers, std::vector<RejectedFile>& rejected) {
  std::unordered_map<std::string, std::vector<std::size_t>> by_id;
  for (std::size_t i = 0; i < headers.size(); ++i) by_id[headers[i].image_id].push_back(i);
  std::vector<bool> drop(headers.size(), false);
  for (std::size_t i = 0; i < headers.size(); ++i) {  // in the order of the files, not of the map
    const std::vector<std::size_t>& same_id = by_id[headers[i].image_id];
    if (same_id.size() > 1 && same_id[0] == i) resolve(headers, same_id, drop, rejected);
  }
  std::vector<SliceHeader> kept;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (!drop[i]) kept.push_back(std::move(headers[i]));
  }
  return kept;
}

}  // namespace io
