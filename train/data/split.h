// Training and validation parts: split by patient, never by image.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/data/labels.h"
#include "train/data/pseudonym.h"

namespace train {

/// The fold of every patient. `patient` is the pseudonym, as in split.csv.
struct Split {
  int folds = 0;
  std::map<std::string, int, std::less<>> fold_of_patient;

  /// Throws nn::Error if the split does not know the patient.
  int fold_of(std::string_view patient_pseudonym) const;
};

struct SplitOptions {
  std::uint64_t seed = 0;  // --split-seed
  std::string_view id_key = default_id_key;
};

/// `folds` parts of equal size. patients[i] is the plain id of the patient of image i, labels[i] its labels. Patients
/// stay whole; images, patients and the positives of each label are spread evenly (rare labels first). The result
/// depends on the set of patients, their labels and the seed alone: not on the order of the images, nor on id_key.
Split split_into_folds(std::span<const std::string> patients, std::span<const ImageLabels> labels, int folds,
                       const SplitOptions& options = {});

/// Two parts: fold 0 is for validation and holds about `fraction` of the images, fold 1 is for training.
Split split_off_validation(std::span<const std::string> patients, std::span<const ImageLabels> labels, double fraction,
                           const SplitOptions& options = {});

/// split.csv: `patient,fold`, sorted by patient.
void write_split(const std::filesystem::path& path, const Split& split);
Split read_split(const std::filesystem::path& path);
/// SHA-256 over the patients and their folds; stored in the model.
std::string split_hash(const Split& split);

/// What the leak check compares, one an image.
struct SplitMember {
  std::string_view image, patient, study;
};

/// Throws nn::Error naming the first patient (by the pseudonym under the default key), study or image that is in both
/// parts. Empty values are not compared.
void check_no_leak(std::span<const SplitMember> training, std::span<const SplitMember> validation);

}  // namespace train
