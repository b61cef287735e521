#include "io/dicom/dicom_reader.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <utility>

#include "io/dicom/dataset.h"
#include "io/dicom/geometry.h"
#include "io/dicom/hounsfield.h"
#include "io/dicom/image_kind.h"
#include "io/dicom/pixel_data.h"
#include "nn/core/error.h"

namespace io {
namespace {

using Kind = RejectedFile::Kind;

/// Milliseconds from one look to the next.
class Stopwatch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double, std::milli>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

constexpr double most_tilted = 45;  // degrees between slice normal and head-foot axis

[[noreturn]] void reject_file(const Dataset& dataset, Kind kind, const char* code, const std::string& detail) {
  throw FileRejected({dataset.path(), kind, code, detail});
}

/// Throws unless the file is one slice of Hounsfield units.
void check_kind(const Dataset& dataset, const std::string& modality) {
  const ImageKind kind{.modality = printable_ascii(modality),
                       .sop_class = dataset.text({0x0008, 0x0016}),
                       .image_type = dataset.texts({0x0008, 0x0008}),
                       .rescale_type = dataset.text({0x0028, 0x1054}),
                       .photometric = dataset.text({0x0028, 0x0004}),
                       .samples_per_pixel = dataset.integer({0x0028, 0x0002}).value_or(1)};
  const std::optional<Reason> skipped = why_skipped(kind);
  if (skipped && modality.empty() && dataset.contains({0x7fe0, 0x0010})) {
    reject_file(dataset, Kind::rejected, reject::missing_element, "Modality is missing: cannot tell whether it is CT");
  }
  if (skipped) reject_file(dataset, Kind::skipped, skipped->code.c_str(), skipped->detail);

  constexpr const char* enhanced_ct = "1.2.840.10008.5.1.4.1.1.2.1";
  const int frames = dataset.integer({0x0028, 0x0008}).value_or(1);
  if (frames > 1 || kind.sop_class == enhanced_ct) {
    reject_file(dataset, Kind::rejected, reject::multi_frame,
                nn::message("is a multi-frame file (", frames, " frames): export it as one file a slice"));
  }
}

/// "1.2.840.10008": digits and dots (DICOM PS3.5 9.1).
bool is_uid(const std::string& text) {
  return text.size() <= 64 && text.find_first_not_of("0123456789.") == std::string::npos;
}

void read_identity(const Dataset& dataset, SliceHeader& header) {
  header.image_id = dataset.text({0x0008, 0x0018});
  if (header.image_id.empty()) {
    header.image_id = dataset.meta_text({0x0002, 0x0003});
    if (header.image_id.empty()) {
      reject_file(dataset, Kind::rejected, reject::missing_element, "SOPInstanceUID is missing");
    }
    header.reasons.push_back({fix::id_from_meta, "SOPInstanceUID is missing, taken from the file's meta header"});
  }
  header.study_uid = dataset.text({0x0020, 0x000d});
  header.series_uid = dataset.text({0x0020, 0x000e});
  header.patient_id = dataset.text({0x0010, 0x0020});
  if (!is_uid(header.image_id) || !is_uid(header.study_uid) || !is_uid(header.series_uid)) {
    header.reasons.push_back({fix::string_uid, "UIDs are no UIDs: taken as plain names"});
  }
  if (header.study_uid.empty()) header.reasons.push_back({fix::no_study_uid, "StudyInstanceUID is missing"});
  if (header.series_uid.empty()) {
    header.reasons.push_back({fix::no_series_uid, "SeriesInstanceUID is missing: grouped by study and folder"});
  }
}

/// Position, orientation and spacing as stored; then turned upright.
void read_geometry(const Dataset& dataset, SliceHeader& header) {
  const std::vector<double> spacing = dataset.numbers({0x0028, 0x0030});
  if (spacing.size() == 2 && spacing[0] > 0 && spacing[1] > 0) {
    header.pixel_spacing = {spacing[0], spacing[1]};
  } else {
    header.reasons.push_back({fix::no_pixel_spacing, "PixelSpacing is missing or not two lengths"});
  }
  const std::vector<double> position = dataset.numbers({0x0020, 0x0032});
  if (position.size() == 3) header.position = {position[0], position[1], position[2]};

  const std::vector<double> cosines = dataset.numbers({0x0020, 0x0037});
  if (cosines.size() == 6) {
    header.orientation = unit_directions({cosines[0], cosines[1], cosines[2], cosines[3], cosines[4], cosines[5]});
  }
  if (!header.orientation) {
    header.reasons.push_back({fix::no_orientation, "ImageOrientationPatient is missing or not two directions"});
  }
  if (!header.position || !header.orientation) {
    header.reasons.push_back({fix::no_position, "the position is unknown: ordered by the numbers of the acquisition"});
  }
  header.slice_thickness = dataset.number({0x0018, 0x0050});
  header.acquisition_number = dataset.integer({0x0020, 0x0012});
  header.instance_number = dataset.integer({0x0020, 0x0013});
  if (!header.orientation) return;

  const double tilt = tilt_degrees(*header.orientation);
  if (tilt > most_tilted) {
    reject_file(dataset, Kind::skipped, skip::tilted,
                nn::message("the slice normal is ", std::lround(tilt), " degrees from head-foot: not an axial slice"));
  }
  turn_geometry(header, upright_turn(*header.orientation));
  if (header.turn != Turn{}) {
    header.reasons.push_back(
        {fix::turned, nn::message("picture turned upright:", header.turn.transpose ? " transposed" : "",
                                  header.turn.flip_columns ? " mirrored left to right" : "",
                                  header.turn.flip_rows ? " mirrored front to back" : "")});
  }
}

void read_windows(const Dataset& dataset, SliceHeader& header) {
  const std::vector<double> centres = dataset.numbers({0x0028, 0x1050});
  const std::vector<double> widths = dataset.numbers({0x0028, 0x1051});
  for (std::size_t i = 0; i < std::min(centres.size(), widths.size()); ++i) {
    header.windows.push_back({.centre = centres[i], .width = widths[i]});
  }
  if (header.windows.size() > 1) {
    header.reasons.push_back(
        {fix::several_windows, nn::message("WindowCenter has ", header.windows.size(), " values")});
  }
}

void read_flags(const Dataset& dataset, SliceHeader& header) {
  header.contrast = names_contrast_agent(dataset.text({0x0018, 0x0010}));
  header.bone_kernel = is_bone_kernel(dataset.text({0x0018, 0x1210}), dataset.text({0x0008, 0x103e}));
  header.thin_slice = is_thin(header.slice_thickness.value_or(0));
  header.compressed = is_compressed_syntax(header.transfer_syntax);
  header.lossy = dataset.text({0x0028, 0x2110}) == "01" || is_lossy_syntax(header.transfer_syntax);
  if (header.lossy) header.reasons.push_back({fix::lossy, "was compressed with loss"});
}

/// The header, with `module` of the picture as it is stored.
SliceHeader read_header(const Dataset& dataset, PixelModule& module) {
  SliceHeader header;
  header.path = dataset.path();
  header.file = std::filesystem::path(dataset.path()).filename().string();
  header.modality = dataset.text({0x0008, 0x0060});
  header.transfer_syntax = dataset.transfer_syntax();
  check_kind(dataset, header.modality);
  if (header.modality.empty()) {
    header.modality = "CT";
    header.reasons.push_back({fix::default_element, "Modality is missing, CT by the SOP class"});
  }
  read_identity(dataset, header);
  require_pixel_data(dataset);
  module = read_pixel_module(dataset, header.reasons);
  header.rows = module.rows;
  header.columns = module.columns;
  read_geometry(dataset, header);
  check_pixel_data(dataset, module, header.reasons);
  read_windows(dataset, header);
  read_flags(dataset, header);
  return header;
}

}  // namespace

SliceHeader read_header(const std::string& path) {
  PixelModule module;
  return read_header(Dataset(path), module);
}

ReadTimes& ReadTimes::operator+=(const ReadTimes& other) {
  header += other.header;
  pixels += other.pixels;
  hounsfield += other.hounsfield;
  return *this;
}

CtSlice read_slice(const std::string& path, ReadTimes* times) {
  Stopwatch watch;
  ReadTimes taken;
  const Dataset dataset(path);
  PixelModule module;
  CtSlice slice;
  slice.header = read_header(dataset, module);
  taken.header = watch.lap();
  std::vector<std::int16_t> words = read_stored_words(dataset, module);
  taken.pixels = watch.lap();
  LinearPixels linear = words_to_linear_pixels(std::move(words), module.rows, module.columns, module.format);
  slice.pixels = turn_pixels(std::move(linear.pixels), module.rows, module.columns, slice.header.turn);
  slice.slope = linear.slope;
  slice.intercept = linear.intercept;
  for (Reason& reason : linear.reasons) slice.header.reasons.push_back(std::move(reason));
  taken.hounsfield = watch.lap();
  if (times != nullptr) *times += taken;
  return slice;
}

}  // namespace io
