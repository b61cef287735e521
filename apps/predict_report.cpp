#include "apps/predict_report.h"

#include <map>

#include "apps/slice_picture.h"
#include "train/rejected.h"

namespace apps {
namespace {

constexpr int picture_size = 160;
/// Pages stay small: beyond this number of studies the later ones have no pictures.
constexpr std::size_t studies_with_pictures = 40;

using SeriesKey = std::pair<std::string, std::string>;  // study, series

/// Indices of the images of each series, in their order.
std::map<SeriesKey, std::vector<std::size_t>> images_by_series(const train::PredictionRun& run) {
  std::map<SeriesKey, std::vector<std::size_t>> images;
  for (std::size_t i = 0; i < run.predictions.size(); ++i) {
    images[{run.predictions[i].study, run.predictions[i].series}].push_back(i);
  }
  return images;
}

ReportSeries report_series(const train::PredictionRun& run, const train::StudyPrediction& row,
                           const std::vector<std::size_t>& images, bool pictures, train::SliceCache& cache) {
  ReportSeries series{.series = row.series, .flags = row.flags, .slices = {}};
  for (const std::size_t i : images) {
    const train::Prediction& prediction = run.predictions[i];
    series.slices.push_back({.image = prediction.image,
                             .file = prediction.file,
                             .position_mm = prediction.position_mm,
                             .probability = prediction.probability,
                             .png = {},
                             .heatmap = {}});
  }
  if (!pictures) return series;
  for (const std::size_t k : slices_that_matter(series)) {
    series.slices[k].png = slice_png(run.dataset.images[images[k]], run.dataset.kind, picture_size, cache);
  }
  return series;
}

std::vector<std::string> warnings_of(const train::PredictionRun& run) {
  std::vector<std::string> warnings;
  bool without_context = false;
  for (const train::Prediction& row : run.predictions) without_context |= row.context == "none";
  if (without_context) {
    warnings.emplace_back("Some slices had no neighbours: the model saw them three times instead.");
  }
  return warnings;
}

}  // namespace

StudyReport make_study_report(const train::PredictionRun& run, const train::ModelFile& model,
                              train::SliceCache& cache) {
  const train::ModelDescription& description = model.description;
  StudyReport report{
      .title = "Predictions",
      .model = nn::message(description.architecture, ", ", description.preprocessing.size, " px, weights ",
                           description.weight_hash.substr(0, 12)),
      .studies = {},
      .rejected_files = static_cast<int>(train::count(run.dataset.rejected, io::RejectedFile::Kind::rejected)),
      .skipped_files = static_cast<int>(train::count(run.dataset.rejected, io::RejectedFile::Kind::skipped)),
      .warnings = warnings_of(run),
      .configuration = {{"model", model.path.string()},
                        {"trained with", "falx " + description.program_version},
                        {"epoch", std::to_string(description.epoch)},
                        {"training data (SHA-256)", description.data_hash.substr(0, 16)}}};
  const auto images = images_by_series(run);
  // predict_studies() gives the rows of a study's series and then the study's own.
  ReportStudy study;
  for (const train::StudyPrediction& row : run.studies) {
    if (!row.is_study) {
      const bool pictures = report.studies.size() < studies_with_pictures;
      study.series.push_back(report_series(run, row, images.at({row.study, row.series}), pictures, cache));
      continue;
    }
    study.study = row.study;
    study.patient = row.patient;
    study.probability = row.probability;
    report.studies.push_back(std::move(study));
    study = {};
  }
  return report;
}

}  // namespace apps
