// Prediction with stored models: each with its own preprocessing, on files they have not seen.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "train/data/dataset.h"
#include "train/data/pseudonym.h"
#include "train/ensemble/ensemble.h"
#include "train/evaluation/predictions.h"
#include "train/validation.h"

namespace train {

struct PredictOptions {
  std::filesystem::path input;  // a directory, searched recursively, or one file
  int batch = 32;
  Compute compute{};
  bool kept_conv_choices = true;  // on the CPU the network of a tuned run computes by the choices beside its model
  std::string id_key{default_id_key};
  DatasetProgress loading{};  // while files are read, before the first prediction
};

struct PredictionRun {
  Dataset dataset;
  std::vector<std::string> members;      // names, if there are several: of Prediction::by_member
  std::vector<Prediction> predictions;   // of dataset.images, in their order
  std::vector<StudyPrediction> studies;  // rows of series and of studies, with the flags of the series
};

/// Scans the input and predicts every accepted image by all members, each in its own size and windows; what a member
/// says is the mean probability of its models and views. A slices model given a slice without neighbours repeats it and
/// says context "none". Images go through all networks block by block, however many there are: loading decodes each
/// file once, to check it, and predicting once more what the cache could not keep since, for all networks and views
/// together. `progress` counts images; what it throws passes. Throws nn::Error if there is no image of the kind the
/// models were trained on, and if `progress` stops it.
PredictionRun predict(const Ensemble& ensemble, const PredictOptions& options, SliceCache& cache,
                      const KeepGoing& progress = {});

/// The same with one model.
PredictionRun predict(const ModelFile& model, const PredictOptions& options, SliceCache& cache,
                      const KeepGoing& progress = {});

}  // namespace train
