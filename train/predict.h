// Prediction with a stored model: its own preprocessing on files it has not seen.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "train/dataset.h"
#include "train/model_file.h"
#include "train/predictions.h"
#include "train/pseudonym.h"
#include "train/validation.h"

namespace train {

struct PredictOptions {
  std::filesystem::path input;  // a directory, searched recursively, or one file
  int batch = 32;
  std::string id_key{default_id_key};
  DatasetProgress loading{};  // while files are read, before the first prediction
};

struct PredictionRun {
  Dataset dataset;
  std::vector<Prediction> predictions;   // of dataset.images, in their order
  std::vector<StudyPrediction> studies;  // rows of series and of studies, with the flags of the series
};

/// Scans the input and predicts every accepted image. A slices model given a slice without neighbours repeats it and
/// says context "none". Throws nn::Error if there is no image of the kind the model was trained on, and if `progress`
/// stops it.
PredictionRun predict(const ModelFile& model, const PredictOptions& options, SliceCache& cache,
                      const KeepGoing& progress = {});

}  // namespace train
