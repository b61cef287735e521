// What only the maker of a data set knows: tables and masks below truth/.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/phantom/study.h"

namespace io::phantom {

/// One image of the data set and what is true of it.
struct ImageTruth {
  std::string image, patient, study, series;
  int slice = 0;        // from the feet, 0 ...
  float height_mm = 0;  // of the slice's middle above the orbitomeatal plane of this head
  std::array<float, hemorrhage_kinds> area_mm2{};
  std::array<bool, 6> labels{};  // by io::label_names
};

ImageTruth truth_of(const Study& study, int slice, const MadeSlice& made);

/// The labels as the challenge has them: ID,Label; six rows an image, epidural ... subdural, any; images by name.
void write_label_table(const std::filesystem::path& path, const std::vector<ImageTruth>& images);

/// image,part,patient,study,series,slice,height_mm,any,<area of each kind in mm^2>
void write_image_table(const std::filesystem::path& path, const std::vector<ImageTruth>& train,
                       const std::vector<ImageTruth>& test);

/// Rows of truth/hemorrhages.csv, truth/dense_details.csv, and the one of truth/studies.csv.
struct StudyTruth {
  std::vector<std::array<std::string, 6>> hemorrhages;  // study, kind, HU, middle, edema, description
  std::vector<std::array<std::string, 4>> details;      // study, name, radius, HU
  std::vector<std::string> study, study_columns;        // everything drawn for patient and scanner
};
StudyTruth truth_of(const Study& study);
void write_study_tables(const std::filesystem::path& folder, const std::vector<StudyTruth>& studies);

/// An 8-bit picture of the mask: 0 no bleed, 40 * label number otherwise (epidural 40 ... subdural 200).
void write_mask(const std::filesystem::path& path, const BloodMask& mask, int size);

}  // namespace io::phantom
