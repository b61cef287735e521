// `falx bench --what load`: how fast files become input.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/data/preprocessing.h"

namespace train {

struct LoadTimes {
  double images_per_second = 0;                                         // median over the rounds
  double milliseconds = 0, milliseconds_min = 0, milliseconds_max = 0;  // per image, of one round: median, extremes
};

/// Reads and prepares `files` (DICOM or pictures, as preprocessing.images says) with nn::thread_count() threads: every
/// file from disk and nothing from a cache, `rounds` times after one round that is not counted.
LoadTimes benchmark_load(const std::vector<std::string>& files, const Preprocessing& preprocessing, int rounds = 5);

}  // namespace train
