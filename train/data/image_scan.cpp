#include "train/data/image_scan.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <map>

#include "io/dicom/reason.h"
#include "io/dicom/series.h"
#include "io/pictures/picture_reader.h"
#include "nn/core/error.h"

namespace train {
namespace {

namespace fs = std::filesystem;
using Kind = io::RejectedFile::Kind;

std::string path_of(const fs::path& root, const std::string& file) {
  return fs::is_directory(root) ? (root / file).string() : root.string();
}

DatasetImage dicom_image(const io::SliceHeader& header, const io::Series& series) {
  DatasetImage image;
  image.path = header.path;
  image.file = header.file;
  image.id = header.image_id;
  image.patient = header.patient_id;
  image.study = header.study_uid;
  image.series = header.series_uid;
  image.position_mm = header.position ? header.position_mm : std::numeric_limits<double>::quiet_NaN();
  image.contrast = series.contrast();
  image.bone_kernel = series.bone_kernel();
  image.thin_slices = series.thin_slices();
  image.lossy = header.lossy;
  return image;
}

DatasetImage picture_image(const fs::path& root, const std::string& file) {
  DatasetImage image;
  image.path = path_of(root, file);
  image.file = file;
  image.id = fs::path(file).replace_extension().generic_string();
  image.position_mm = std::numeric_limits<double>::quiet_NaN();
  return image;
}

/// The files among `rejected` that are pictures and no DICOM, taken out of it.
std::vector<std::string> take_pictures(const fs::path& root, std::vector<io::RejectedFile>& rejected) {
  std::vector<std::string> files;
  std::erase_if(rejected, [&](const io::RejectedFile& row) {
    if (row.code != io::skip::not_dicom || !io::is_picture(path_of(root, row.file))) return false;
    files.push_back(row.file);
    return true;
  });
  return files;
}

/// A file that was meant to be a picture is a defect when it is not; any other is none of our business.
io::RejectedFile not_a_picture(const std::string& file) {
  std::string extension = fs::path(file).extension().string();
  for (char& letter : extension) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  if (extension == ".png" || extension == ".jpg" || extension == ".jpeg") {
    return {file, Kind::rejected, reject::not_picture, "is neither a PNG nor a JPEG file"};
  }
  return {file, Kind::skipped, skip::not_picture, "is not a picture"};
}

void skip_all(const std::vector<std::string>& files, const char* code, const char* detail,
              std::vector<io::RejectedFile>& rejected) {
  for (const std::string& file : files) rejected.push_back({file, Kind::skipped, code, detail});
}

/// Pictures, a stack a folder in the order of the file names. Two files of one id are both rejected.
void add_pictures(const fs::path& root, const std::vector<std::string>& files, Dataset& dataset) {
  std::map<std::string, std::vector<std::string>> files_of_id;
  for (const std::string& file : files) files_of_id[picture_image(root, file).id].push_back(file);
  std::map<std::string, std::size_t> stacks;
  for (const auto& [id, same] : files_of_id) {
    if (same.size() > 1) {
      for (const std::string& file : same) {
        dataset.rejected.push_back(
            {file, Kind::rejected, reject::duplicate_id, nn::message(same.size(), " pictures have the id ", id)});
      }
      continue;
    }
    dataset.images.push_back(picture_image(root, same.front()));
    const std::string folder = fs::path(id).parent_path().generic_string();
    dataset.images.back().stack = stacks.try_emplace(folder, stacks.size()).first->second;
  }
  std::stable_sort(dataset.images.begin(), dataset.images.end(),
                   [](const DatasetImage& a, const DatasetImage& b) { return a.stack < b.stack; });
}

void add_slices(const std::vector<io::Series>& stacks, Dataset& dataset) {
  for (std::size_t stack = 0; stack < stacks.size(); ++stack) {
    for (const io::SliceHeader& header : stacks[stack].slices) {
      dataset.images.push_back(dicom_image(header, stacks[stack]));
      dataset.images.back().stack = stack;
    }
  }
}

ImageKind kind_of_directory(const fs::path& path, std::size_t slices, std::size_t pictures) {
  NN_CHECK(slices == 0 || pictures == 0, path.string(), ": holds ", slices, " CT slices and ", pictures,
           " pictures; DICOM and pictures do not mix, move one kind elsewhere");
  return pictures > 0 ? ImageKind::pictures : ImageKind::dicom;
}

}  // namespace

Dataset scan_images(const fs::path& path, std::optional<ImageKind> kind, const DatasetProgress& progress) {
  io::Scan scan = io::scan(path.string(), [&](std::size_t done, std::size_t total) {
    if (progress) progress("headers", done, total);
  });
  Dataset dataset;
  dataset.files = scan.files;
  const std::vector<std::string> pictures = take_pictures(path, scan.rejected);
  dataset.rejected = std::move(scan.rejected);
  dataset.kind = kind ? *kind : kind_of_directory(path, scan.slices(), pictures.size());
  if (dataset.kind == ImageKind::dicom) {
    add_slices(scan.series, dataset);
    skip_all(pictures, io::skip::not_dicom, "is a picture, no DICOM file", dataset.rejected);
  } else {
    add_pictures(path, pictures, dataset);
    std::vector<std::string> slices;
    for (const io::Series& series : scan.series) {
      for (const io::SliceHeader& header : series.slices) slices.push_back(header.file);
    }
    skip_all(slices, skip::not_picture, "is a DICOM file, no picture", dataset.rejected);
    for (io::RejectedFile& row : dataset.rejected) {
      if (row.code == io::skip::not_dicom) row = not_a_picture(row.file);
    }
  }
  return dataset;
}

}  // namespace train
