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

std::vector<std::string> studies_of(std::span<const ImageOrigin> origins, std::span<const std::string> patients) {
  std::unordered_map<std::string, std::vector<std::string>> patients_of;  // of a stand-in, as they first come
  for (std::size_t i = 0; i < origins.size(); ++i) {
    if (!origins[i].study.empty()) continue;
    std::vector<std::string>& known = patients_of[stand_in(origins[i])];
    if (std::find(known.begin(), known.end(), patients[i]) == known.end()) known.push_back(patients[i]);
  }
  std::vector<std::string> studies;
  for (std::size_t i = 0; i < origins.size(); ++i) {
    if (!origins[i].study.empty()) {
      studies.push_back(origins[i].study);
      continue;
    }
    const std::string name = stand_in(origins[i]);
    const std::vector<std::string>& known = patients_of.at(name);
    const auto number = std::find(known.begin(), known.end(), patients[i]) - known.begin() + 1;
    studies.push_back(known.size() == 1 ? name : name + "#" + std::to_string(number));
  }
  return studies;
}

Groups group_images(std::span<const ImageOrigin> origins) {
  const bool constant = one_patient_for_all(origins);
  Groups groups;
  std::size_t replaced = 0;
  for (const ImageOrigin& origin : origins) {
    const bool known = !origin.patient.empty() && !constant;
    groups.patient.push_back(known ? origin.patient : stand_in(origin));
    if (!known) ++replaced;
  }
  groups.study = studies_of(origins, groups.patient);
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
    groups.study.push_back(found->second.study);
  }
  const std::vector<std::string> stand_ins = studies_of(origins, groups.patient);
  for (std::size_t i = 0; i < origins.size(); ++i) {
    if (groups.study[i].empty()) groups.study[i] = stand_ins[i];
  }
  return groups;
}

}  // namespace train
