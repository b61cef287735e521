// Which patient and study an image belongs to: what a split must not tear apart.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace train {

/// What the headers say of one image; empty where they say nothing (pictures have only image and folder).
struct ImageOrigin {
  std::string image;          // the image id
  std::string patient;        // PatientID
  std::string study, series;  // UIDs
  std::string folder;         // the file's folder below the data directory
};

/// Patient and study of each image, parallel to the origins they were made from. Patients are plain ids: hash them
/// (train/data/pseudonym.h) before they go into a file.
struct Groups {
  std::vector<std::string> patient, study;
  /// False if some group is a study, series or folder standing in for an unknown patient. Every score then says
  /// "not split by patient".
  bool by_patient = true;
  std::string warning;  // one line for the user; empty if by_patient
};

/// The study of each image: that of the header, or what stands in for it: series, then folder. A series or folder of
/// several of the `patients` (parallel to the origins, as plain ids) is a study of each, numbered as they first come:
/// "folder:x#1", "folder:x#2".
std::vector<std::string> studies_of(std::span<const ImageOrigin> origins, std::span<const std::string> patients);

/// By PatientID. Images whose PatientID is empty, or all images if they share one PatientID, are grouped by study, then
/// series, then folder, whichever is known first.
Groups group_images(std::span<const ImageOrigin> origins);

/// By the table `image,patient,study` (--groups), which overrides the headers. An image without a row, a row given
/// twice with different values and an empty patient are errors; rows of other images are ignored; an empty study is
/// the header's.
Groups group_images(std::span<const ImageOrigin> origins, const std::filesystem::path& table);

}  // namespace train
