#include "io/dicom/series.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <tuple>

#include "io/dicom/duplicates.h"
#include "io/dicom/geometry.h"
#include "io/dicom/image_kind.h"
#include "nn/core/error.h"

namespace io {
namespace {

/// What belongs together by its names. Without a SeriesInstanceUID a folder is a series.
std::tuple<std::string, std::string, std::string> series_key(const SliceHeader& slice) {
  const std::string folder =
      slice.series_uid.empty() ? std::filesystem::path(slice.file).parent_path().generic_string() : "";
  return {slice.study_uid, slice.series_uid, folder};
}

bool knows_position(const SliceHeader& slice) { return slice.position && slice.orientation; }

bool same_orientation(const SliceHeader& a, const SliceHeader& b) {
  if (!a.orientation || !b.orientation) return !a.orientation && !b.orientation;
  constexpr double cosine_of_one_degree = 0.99985;
  return dot((*a.orientation)[0], (*b.orientation)[0]) > cosine_of_one_degree &&
         dot((*a.orientation)[1], (*b.orientation)[1]) > cosine_of_one_degree;
}

bool belongs_to(const Series& series, const SliceHeader& slice) {
  const SliceHeader& first = series.slices.front();
  return first.rows == slice.rows && first.columns == slice.columns && series.has_positions == knows_position(slice) &&
         same_orientation(first, slice);
}

/// Positions count as equal within a hundredth of a millimetre; missing numbers come first.
auto order_key(const SliceHeader& slice) {
  const long long hundredths = knows_position(slice) ? std::llround(slice.position_mm * 100) : 0;
  return std::tuple(hundredths, slice.acquisition_number, slice.instance_number, std::cref(slice.image_id),
                    std::cref(slice.file));
}

bool comes_before(const SliceHeader& a, const SliceHeader& b) {
  const auto& [position_a, acquisition_a, instance_a, id_a, file_a] = order_key(a);
  const auto& [position_b, acquisition_b, instance_b, id_b, file_b] = order_key(b);
  return std::tie(position_a, acquisition_a, instance_a, id_a.get(), file_a.get()) <
         std::tie(position_b, acquisition_b, instance_b, id_b.get(), file_b.get());
}

}  // namespace

bool Series::contrast() const {
  return std::any_of(slices.begin(), slices.end(), [](const SliceHeader& slice) { return slice.contrast; });
}

bool Series::bone_kernel() const {
  return std::any_of(slices.begin(), slices.end(), [](const SliceHeader& slice) { return slice.bone_kernel; });
}

bool Series::thin_slices() const {
  const auto is_marked = [](const SliceHeader& slice) { return slice.thin_slice; };
  const auto has_thickness = [](const SliceHeader& slice) { return slice.slice_thickness.has_value(); };
  if (std::any_of(slices.begin(), slices.end(), is_marked)) return true;
  if (!has_positions || slices.size() < 3 || std::any_of(slices.begin(), slices.end(), has_thickness)) return false;
  std::vector<double> distances;
  for (std::size_t i = 1; i < slices.size(); ++i) {
    distances.push_back(slices[i].position_mm - slices[i - 1].position_mm);
  }
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  return is_thin(*middle);
}

std::vector<Series> group_series(std::vector<SliceHeader> headers, std::vector<RejectedFile>& rejected) {
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<Series>> by_name;
  for (SliceHeader& slice : without_duplicates(std::move(headers), rejected)) {
    std::vector<Series>& named_alike = by_name[series_key(slice)];
    const auto group = std::find_if(named_alike.begin(), named_alike.end(),
                                    [&](const Series& series) { return belongs_to(series, slice); });
    if (group != named_alike.end()) {
      group->slices.push_back(std::move(slice));
    } else {
      named_alike.push_back({.series_uid = slice.series_uid,
                             .study_uid = slice.study_uid,
                             .patient_id = slice.patient_id,
                             .slices = {},
                             .has_positions = knows_position(slice)});
      named_alike.back().slices.push_back(std::move(slice));
    }
  }
  std::vector<Series> result;
  for (auto& [key, named_alike] : by_name) {
    for (Series& series : named_alike) {
      std::sort(series.slices.begin(), series.slices.end(), comes_before);
      result.push_back(std::move(series));
    }
  }
  return result;
}

std::array<std::size_t, 3> neighbours(const Series& series, std::size_t slice) {
  const std::size_t count = series.slices.size();
  NN_CHECK(slice < count, "[neighbours] expected a slice below ", count, ", got ", slice);
  return {slice == 0 ? 0 : slice - 1, slice, std::min(slice + 1, count - 1)};
}

}  // namespace io
