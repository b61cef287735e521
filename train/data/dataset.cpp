#include "train/data/dataset.h"

#include <algorithm>

#include "io/files/sha256.h"
#include "nn/core/error.h"
#include "train/data/groups.h"
#include "train/data/image_scan.h"
#include "train/data/label_match.h"
#include "train/data/pixel_check.h"

namespace train {
namespace {

/// Places in the stack and neighbours, once it is clear which images stay.
void link_neighbours(std::vector<DatasetImage>& images) {
  for (std::size_t begin = 0, end = 0; begin < images.size(); begin = end) {
    while (end < images.size() && images[end].stack == images[begin].stack) ++end;
    for (std::size_t i = begin; i < end; ++i) {
      images[i].order = static_cast<int>(i - begin);
      images[i].neighbours = {i == begin ? i : i - 1, i, i + 1 == end ? i : i + 1};
      images[i].alone = end - begin == 1;
    }
  }
}

ImageOrigin origin_of(const DatasetImage& image) {
  return {.image = image.id,
          .patient = image.patient,
          .study = image.study,
          .series = image.series,
          .folder = std::filesystem::path(image.file).parent_path().generic_string()};
}

std::vector<ImageOrigin> origins_of(const std::vector<DatasetImage>& images) {
  std::vector<ImageOrigin> origins;
  origins.reserve(images.size());
  for (const DatasetImage& image : images) origins.push_back(origin_of(image));
  return origins;
}

/// Without labels patients stay as the headers name them: nothing is split. Pictures of one folder are one study.
void name_studies(std::vector<DatasetImage>& images) {
  std::vector<std::string> patients;
  for (const DatasetImage& image : images) patients.push_back(image.patient);
  std::vector<std::string> studies = studies_of(origins_of(images), patients);
  for (std::size_t i = 0; i < images.size(); ++i) images[i].study = std::move(studies[i]);
}

void group(Dataset& dataset, const std::filesystem::path& table) {
  const std::vector<ImageOrigin> origins = origins_of(dataset.images);
  Groups groups = table.empty() ? group_images(origins) : group_images(origins, table);
  for (std::size_t i = 0; i < dataset.images.size(); ++i) {
    dataset.images[i].patient = std::move(groups.patient[i]);
    dataset.images[i].study = std::move(groups.study[i]);
  }
  dataset.by_patient = groups.by_patient;
  dataset.group_warning = std::move(groups.warning);
}

void check_not_empty(const Dataset& dataset, const std::filesystem::path& path) {
  if (!dataset.images.empty()) return;
  NN_CHECK(dataset.files > 0, path.string(), ": the folder is empty, no file is in it or below it");
  const char* wanted = dataset.kind == ImageKind::dicom ? "CT slice" : "picture (PNG or JPEG)";
  std::string why;
  if (!dataset.rejected.empty()) {
    const io::RejectedFile& row = dataset.rejected.front();
    why = nn::message(", for example ", row.file, ": ", row.detail, " (", row.code, ")");
  }
  throw nn::Error(
      nn::message(path.string(), ": no ", wanted, " that can be used among ", dataset.files, " files", why));
}

}  // namespace

std::vector<std::size_t> Dataset::labelled() const {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (images[i].labelled) indices.push_back(i);
  }
  return indices;
}

Dataset load_dataset(const DatasetOptions& options, SliceCache& cache) {
  const bool labelled = !options.labels.empty();
  LabelTable table;  // read first: a wrong table should not cost the wait for a scan
  if (labelled) table = read_labels(options.labels, options.label_options);

  Dataset dataset = scan_images(options.images, options.kind, options.progress);
  if (options.check_pixels) check_pixels(dataset, cache, options.progress);
  if (labelled) match_labels(table, options.labels.string(), options.label_options.mask_missing, dataset);
  std::sort(dataset.rejected.begin(), dataset.rejected.end(),
            [](const io::RejectedFile& a, const io::RejectedFile& b) { return a.file < b.file; });
  check_not_empty(dataset, options.images);
  link_neighbours(dataset.images);
  if (labelled || !options.groups.empty()) {
    group(dataset, options.groups);
  } else {
    name_studies(dataset.images);
  }
  if (options.check_pixels) dataset.conflicting_twins = find_conflicting_twins(dataset);
  return dataset;
}

std::string data_hash(const Dataset& dataset, std::span<const std::size_t> images) {
  std::vector<std::string> lines;
  for (const std::size_t i : images) {
    const DatasetImage& image = dataset.images[i];
    std::string line = nn::message(image.id, ' ', image.pixel_hash);
    for (std::size_t label = 0; label < image.labels.value.size(); ++label) {
      line += image.labels.known[label] ? nn::message(' ', image.labels.value[label]) : " -";
    }
    lines.push_back(line + '\n');
  }
  std::sort(lines.begin(), lines.end());
  io::Sha256 hash;
  for (const std::string& line : lines) hash.update(line);
  return io::to_hex(hash.digest());
}

}  // namespace train
