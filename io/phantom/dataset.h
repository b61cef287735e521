// A synthetic data set in the challenge's layout: what `falx synth` writes.
//
//   OUT/stage_2_train/ID_*.dcm        OUT/stage_2_train.csv            images and labels to learn from
//   OUT/stage_2_test/ID_*.dcm         OUT/stage_2_test_labels.csv      other patients
//   OUT/truth/                        masks and true parameters, for people and tests; never read by training
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/phantom/hemorrhage.h"

namespace io::phantom {

struct PhantomOptions {
  std::filesystem::path out;
  int patients = 40, test_patients = 20;  // some have two or three studies
  int slices = 24;                        // of every study
  int size = 512;                         // rows and columns
  std::uint64_t seed = 7;
  Prevalence prevalence = Prevalence::teaching;
  int defects = 0;     // files of the training part that are broken, see defects.h
  bool traps = false;  // what else a hospital's folder holds, see traps.h
  bool overwrite = false;
};

struct PhantomSummary {
  struct Part {
    std::int64_t patients = 0, studies = 0, images = 0;  // traps not counted
  };
  Part train, test;
  std::array<std::int64_t, 6> positives{};  // images of both, by io::label_names
};

/// Called now and then, from one thread at a time. What it throws ends the work and reaches the caller.
using Progress = std::function<void(std::int64_t images_done, std::int64_t images)>;

/// What the data set consists of, directly below `out`.
std::vector<std::filesystem::path> phantom_entries();

/// Throws nn::Error, in one line that names the option, for numbers that make no data set.
void check(const PhantomOptions& options);

/// Writes the data set. The same options give the same bytes, whatever the number of threads. Throws nn::Error if the
/// options are wrong, if `out` holds anything and `overwrite` is not set, if it would replace what is no synthetic set
/// (the challenge's own folders have the same names), or if writing fails; then nothing of the new set remains: it is
/// made in OUT/unfinished and moved into place when it is whole.
PhantomSummary write_phantom_dataset(const PhantomOptions& options, const Progress& progress = {});

}  // namespace io::phantom
