// `falx bench --what load`: how fast files become input, and where the time goes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/dicom/dicom_reader.h"
#include "train/data/preprocessing.h"

namespace train {

struct LoadTimes {
  double images_per_second = 0;                                         // median over the rounds
  double milliseconds = 0, milliseconds_min = 0, milliseconds_max = 0;  // per image, of one round: median, extremes
  io::ReadTimes reading;  // milliseconds per image and core, of the fastest round; nothing for pictures
  double input = 0;       // the same: from stored values to the network's input
};

/// Reads and prepares `files` (DICOM or pictures, as preprocessing.images says) with nn::thread_count() threads: every
/// file from disk and nothing from a cache, `rounds` times after one round that is not counted.
LoadTimes benchmark_load(const std::vector<std::string>& files, const Preprocessing& preprocessing, int rounds = 5);

/// Writes what benchmark_load makes of each file, f32 {size, size, channels} under the file's name without its folders,
/// as safetensors: for comparing with other programs.
void write_inputs(const std::filesystem::path& path, const std::vector<std::string>& files,
                  const Preprocessing& preprocessing);

}  // namespace train
