// The images below a directory, with what is known of each: identity, place in its series, labels.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/rejected_file.h"
#include "train/data/decoded_image.h"
#include "train/data/labels.h"
#include "train/data/slice_cache.h"

namespace train {

/// One accepted image.
struct DatasetImage {
  std::string path;  // opens the file
  std::string file;  // below the directory: for tables
  std::string id;    // SOPInstanceUID; of pictures `file` without its extension
  std::string patient, study,
      series;             // plain ids: hash the patient (train/data/pseudonym.h) before it goes into a file
  double position_mm;     // along the slice normal, toward the head; NaN if unknown
  std::size_t stack = 0;  // images of one stack are neighbours: one series, orientation and matrix
  int order = 0;          // place in the stack, from the feet, from 0
  std::array<std::size_t, 3> neighbours = {};  // s-1, s, s+1 of the stack in Dataset::images; the ends repeat
  bool alone = false;                          // its stack has no other slice: neighbours repeat it (context "none")
  bool contrast = false, bone_kernel = false, thin_slices = false;  // flags of the series
  bool lossy = false;                                               // compressed with loss once
  std::uint64_t pixel_hash = 0;                                     // 0 unless pixels were checked

  bool labelled = false;  // something is known: may be trained on and scored
  ImageLabels labels{};
};

/// Two images of different patients with the same pixels: a split by patient does not keep them together.
struct Twins {
  std::size_t first, second;  // in Dataset::images
};

struct Dataset {
  ImageKind kind = ImageKind::dicom;
  std::vector<DatasetImage> images;        // series after series, each from the feet to the head
  std::vector<io::RejectedFile> rejected;  // sorted by file
  std::size_t files = 0;                   // looked at

  bool by_patient = true;                // false: patients are unknown, studies, series or folders stand in for them
  std::string group_warning;             // one line for the user; empty if by_patient
  std::size_t unlabelled = 0;            // accepted images of which no label is known (with mask_missing)
  std::size_t labels_without_image = 0;  // labelled ids with no accepted image
  std::vector<Twins> conflicting_twins;  // with different labels: at least one is wrong

  /// Indices of the labelled images.
  std::vector<std::size_t> labelled() const;
};

/// Called now and then on the thread that loads: `what` is "headers" or "pixels". What it throws ends the loading.
using DatasetProgress = std::function<void(std::string_view what, std::size_t done, std::size_t total)>;

struct DatasetOptions {
  std::filesystem::path images;          // a directory, or one file
  std::filesystem::path labels, groups;  // empty: none
  LabelOptions label_options;
  std::optional<ImageKind> kind;  // what a model reads, the other is skipped; empty: what is there
  /// Decode every file once: pixels that cannot be decoded are found now and not in the middle of training, twins are
  /// found, and the cache is warm. Without it such a file is an error when its turn comes.
  bool check_pixels = true;
  DatasetProgress progress{};
};

namespace reject {
inline constexpr const char* label_disagrees = "label_disagrees";  // the id has one label row, the file name another
inline constexpr const char* duplicate_id = "duplicate_id";        // two pictures of one id: scan.png, scan.jpg
inline constexpr const char* not_picture = "not_picture";          // a .png or .jpg file without a picture in it
}  // namespace reject
namespace skip {
inline constexpr const char* not_picture = "not_picture";  // among pictures: a file that is none
}  // namespace skip

/// Scans, groups, matches labels and checks. Throws nn::Error if the path does not exist, if it holds no image of the
/// kind, or DICOM and pictures side by side with no kind asked for, and for images without a label row unless
/// label_options.mask_missing. The result depends on the files alone.
Dataset load_dataset(const DatasetOptions& options, SliceCache& cache);

/// SHA-256 over ids, labels and pixel hashes of these images, whatever their order: the training-data hash.
std::string data_hash(const Dataset& dataset, std::span<const std::size_t> images);

}  // namespace train
