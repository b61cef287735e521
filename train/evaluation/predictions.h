// Predictions and the tables they go into: predictions.csv, submission.csv, studies.csv.
#pragma once

#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/data/labels.h"

namespace train {

/// One image's row of predictions.csv. Numbers that do not exist (the position of a picture) are NaN and stand empty.
struct Prediction {
  std::string image;    // the image id
  std::string file;     // below the input directory
  std::string patient;  // pseudonym
  std::string study, series;
  double position_mm = std::numeric_limits<double>::quiet_NaN();  // along the slice normal, toward the head
  int order = 0;                                                  // place in the series, from the feet, from 0
  std::string context;  // "none" if a slices model had to repeat the image as its neighbours, else empty
  Probabilities probability = {};
  Probabilities logit = {};
  std::optional<ImageLabels> labels;          // validation predictions of training
  std::vector<Probabilities> by_member = {};  // of an ensemble, in the order of its members
};

/// How far members are apart: the largest difference between the probabilities that two of them give to one label, over
/// the six labels; 0 to 1. NaN with fewer than two members.
double disagreement(const Prediction& prediction);

/// predictions.csv of a training run:
/// `image,file,patient,study,series,position_mm,order,p_any,...,logit_any,...,y_any,...`.
void write_validation_predictions(const std::filesystem::path& path, std::span<const Prediction> predictions);

/// predictions.csv of predict: `image,file,patient,study,series,position_mm,order,context,p_any,...,logit_any,...,
/// MEMBER_p_any,...,disagreement`; member columns only where an ensemble predicted.
void write_predictions(const std::filesystem::path& path, std::span<const Prediction> predictions,
                       std::span<const std::string> members = {});

/// A table of predictions and whose columns MEMBER_p_any, ... it has; Prediction::by_member is in their order.
struct PredictionTable {
  std::vector<std::string> members;
  std::vector<Prediction> rows;
};

/// Reads either form, by column names; only `image` and the six `p_` columns must be there. Throws nn::Error with the
/// line for a probability outside [0, 1] and for an image given twice.
PredictionTable read_prediction_table(const std::filesystem::path& path);
/// Its rows.
std::vector<Prediction> read_predictions(const std::filesystem::path& path);

/// submission.csv in the challenge's form: `ID,Label`, six rows an image, in the challenge's row order (epidural,
/// intraparenchymal, intraventricular, subarachnoid, subdural, any).
void write_submission(const std::filesystem::path& path, std::span<const Prediction> predictions);

/// What writing by a template found.
struct TemplateCounts {
  std::int64_t images = 0;             // in the template
  std::int64_t filled_with_prior = 0;  // of these, without a prediction
  std::int64_t not_in_template = 0;    // predictions that were left out
};

/// One row of a template for submission.csv.
struct TemplateRow {
  std::string image;
  int label = 0;
};

/// The rows of an `ID,Label` file, its labels ignored. Throws nn::Error with the line for an ID that is none and for
/// one that stands twice.
std::vector<TemplateRow> read_template(const std::filesystem::path& path);

/// submission.csv with the ids and the row order of the template: every row is present, images without a prediction
/// get `class_prior`.
TemplateCounts write_submission(const std::filesystem::path& path, std::span<const Prediction> predictions,
                                std::span<const TemplateRow> rows, const Probabilities& class_prior);

/// Reads a submission.csv; every image needs its six rows. Only image and probability are set.
std::vector<Prediction> read_submission(const std::filesystem::path& path);

/// What is true of a whole series or study: per label the largest probability of its slices, and which slice has it.
struct StudyPrediction {
  std::string patient, study;
  std::string series = {};  // empty in the row of the study, which is over all its series
  bool is_study = false;
  int images = 0;
  Probabilities probability = {};
  std::array<std::string, io::label_count> slice = {};  // image ids
  std::vector<std::string> flags = {};                  // of the series: bone_kernel, contrast, thin_slices, lossy
};

/// For each study a row per series and then the row of the study, in order of first appearance.
std::vector<StudyPrediction> predict_studies(std::span<const Prediction> predictions);

/// studies.csv: `study,series,p_any,...,slice_any,...,images,flags,rule`.
void write_studies(const std::filesystem::path& path, std::span<const StudyPrediction> studies);

}  // namespace train
