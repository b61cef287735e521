#include "train/data/groups.h"

#include <algorithm>
#include <unordered_map>

#include "io/files/csv.h"
#include "nn/core/error.h"

namespace train {
namespace {

/// The first that is known of study, series and folder, marked so that it cannot equal a patient's id.
std::string stand_in(const ImageOrigin& origin) {
  if (!origin.study.empty()) return "study:" + origin.study;
  if (!origin.series.empty()) return "series:" + origin.series;
  return "folder:" + (origin.folder.empty() ? "." : origin.folder);
}

/// True if all images that name a patient name the same one: nothing can be split by it.
bool one_patient_for_all(std::span<const ImageOrigin> origins) {
  const std::string* first = nullptr;
  for (const ImageOrigin& origin : origins) {
    if (origin.patient.empty()) continue;
    if (first == nullptr) first = &origin.patient;
    if (origin.patient != *first) return false;
  }
  return first != nullptr;
}

}  // namespace

std::string study_of(const ImageOrigin& origin) { return origin.study.empty() ? stand_in(origin) : origin.study; }

Groups group_images(std::span<const ImageOrigin> origins) {
  const bool constant = one_patient_for_all(origins);
  Groups groups;
  std::size_t replaced = 0;
  for (const ImageOrigin& origin : origins) {
    const bool known = !origin.patient.empty() && !constant;
    groups.patient.push_back(known ? origin.patient : stand_in(origin));
    groups.study.push_back(study_of(origin));
    if (!known) ++replaced;
  }
  if (replaced > 0) {
    const std::string why = constant ? "all images name the same patient"
                                     : nn::message(replaced, " of ", origins.size(), " images name no patient");
    groups.by_patient = false;
    groups.warning = why + ": they are grouped by study, series or folder instead (--groups CSV tells patients apart)";
  }
  return groups;
}

Groups group_images(std::span<const ImageOrigin> origins, const std::filesystem::path& table) {
  struct Row {
    std::string patient, study;
    std::int64_t line;
  };
  std::unordered_map<std::string, Row> rows;
  io::CsvReader csv(table);
  const int image = csv.column("image"), patient = csv.column("patient"), study = csv.column("study");
  while (csv.next()) {
    NN_CHECK(!csv.field(image).empty() && !csv.field(patient).empty(), csv.where(),
             ": the image or the patient is empty");
    const Row row{std::string(csv.field(patient)), std::string(csv.field(study)), csv.line()};
    const auto [found, is_new] = rows.try_emplace(std::string(csv.field(image)), row);
    NN_CHECK(is_new || (found->second.patient == row.patient && found->second.study == row.study), csv.where(),
             ": image ", found->first, " has another patient or study on line ", found->second.line);
  }

  Groups groups;
  for (const ImageOrigin& origin : origins) {
    const auto found = rows.find(origin.image);
    NN_CHECK(found != rows.end(), csv.name(), ": expected a row for image ", origin.image, ", there is none");
    groups.patient.push_back(found->second.patient);
    groups.study.push_back(found->second.study.empty() ? study_of(origin) : found->second.study);
  }
  return groups;
}

}  // namespace train
