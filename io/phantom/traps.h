// What else a hospital's folder holds beside the images to learn from: --traps.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/phantom/study.h"
#include "io/phantom/truth.h"

namespace io::phantom {

/// One file more, and what a reader should make of it.
struct Trap {
  std::string file, kind, expected;
};

/// Of the study that the traps are made of.
inline constexpr int fewest_slices_for_traps = 4;

struct Traps {
  std::vector<Trap> files;
  std::vector<ImageTruth> labelled;  // those of them that stand in the label table
};

/// Writes into FOLDER, beside the images of `study` that are there already:
///   scout                 a lateral overview, ImageType LOCALIZER
///   bone_kernel           the study's slices again by a sharp kernel, in a series of their own, labelled
///   coronal               a reformat of the study, its planes upright
///   duplicate             files that are there twice under two names
///   conflicting_duplicate one SOPInstanceUID, two pictures
///   label_conflict        images of another patient that are equal pixel for pixel, with other labels
Traps write_traps(const std::filesystem::path& folder, const Study& study);

}  // namespace io::phantom
