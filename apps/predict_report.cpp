#include "apps/predict_report.h"

#include <algorithm>
#include <map>

#include "apps/slice_picture.h"
#include "train/data/rejected.h"

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

/// "densenet121, 224 px, weights 0123456789ab".
std::string title_of(const train::ModelFile& model) {
  const train::ModelDescription& description = model.description;
  return nn::message(description.architecture, ", ", description.preprocessing.size, " px, weights ",
                     description.weight_hash.substr(0, 12));
}

std::string title_of(const train::Ensemble& ensemble) {
  if (ensemble.models() == 1) return title_of(ensemble.members.front().models.front());
  std::string names;
  for (const train::Member& member : ensemble.members) names += (names.empty() ? "" : ", ") + member.name;
  return nn::message("ensemble of ", ensemble.models(), " models: ", names);
}

std::vector<std::pair<std::string, std::string>> configuration_of(const train::Ensemble& ensemble) {
  std::vector<std::pair<std::string, std::string>> table;
  for (const train::Member& member : ensemble.members) {
    for (const train::ModelFile& model : member.models) {
      table.emplace_back(ensemble.models() == 1 ? "model" : "member " + member.name, model.path.string());
      if (ensemble.models() > 1) table.emplace_back("network", title_of(model));
      table.emplace_back("trained with", "falx " + model.description.program_version);
      table.emplace_back("epoch", std::to_string(model.description.epoch));
      table.emplace_back("training data (SHA-256)", model.description.data_hash.substr(0, 16));
    }
  }
  if (ensemble.members.size() > 1) table.emplace_back("rule", train::name(ensemble.rule));
  table.emplace_back("test-time augmentation", train::name(ensemble.augmentation));
  return table;
}

/// What each member alone would say of these images, by the rule of the whole, and where members are furthest apart.
void add_members(const train::PredictionRun& run, const std::vector<std::size_t>& images, ReportStudy& study) {
  if (run.members.empty()) return;
  study.members.resize(run.members.size());
  for (std::size_t m = 0; m < run.members.size(); ++m) study.members[m].name = run.members[m];
  for (const std::size_t i : images) {
    const train::Prediction& row = run.predictions[i];
    for (std::size_t m = 0; m < run.members.size(); ++m) {
      train::Probabilities& largest = study.members[m].probability;
      for (std::size_t k = 0; k < largest.size(); ++k) largest[k] = std::max(largest[k], row.by_member[m][k]);
    }
    if (const double apart = train::disagreement(row); apart >= study.disagreement) {
      study.disagreement = apart;
      study.disputed_image = row.image;
    }
  }
}

/// "2 duplicate, 1 not dicom": the codes of rejected.csv, the most frequent first.
std::string reasons_of_skipping(const train::PredictionRun& run) {
  std::map<std::string, std::size_t> count_of;
  for (const io::RejectedFile& file : run.dataset.rejected) {
    if (file.kind == io::RejectedFile::Kind::skipped) ++count_of[file.code];
  }
  std::vector<std::pair<std::string, std::size_t>> reasons(count_of.begin(), count_of.end());
  std::stable_sort(reasons.begin(), reasons.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (auto& [code, count] : reasons) {
    std::replace(code.begin(), code.end(), '_', ' ');
    text += nn::message(text.empty() ? "" : ", ", count, " ", code);
  }
  return text;
}

/// A study's rows of run.studies, in the order of the page.
struct StudyRows {
  std::vector<const train::StudyPrediction*> series;
  const train::StudyPrediction* study = nullptr;
};

std::vector<StudyRows> largest_first(const train::PredictionRun& run) {
  // predict_studies() gives the rows of a study's series and then the study's own.
  std::vector<StudyRows> studies;
  StudyRows rows;
  for (const train::StudyPrediction& row : run.studies) {
    if (!row.is_study) {
      rows.series.push_back(&row);
      continue;
    }
    rows.study = &row;
    studies.push_back(std::move(rows));
    rows = {};
  }
  std::stable_sort(studies.begin(), studies.end(), [](const StudyRows& a, const StudyRows& b) {
    return a.study->probability[0] > b.study->probability[0];
  });
  return studies;
}

}  // namespace

StudyReport make_study_report(const train::PredictionRun& run, const train::Ensemble& ensemble,
                              train::SliceCache& cache) {
  StudyReport report{
      .title = "Predictions",
      .model = title_of(ensemble),
      .studies = {},
      .rejected_files = static_cast<int>(train::count(run.dataset.rejected, io::RejectedFile::Kind::rejected)),
      .skipped_files = static_cast<int>(train::count(run.dataset.rejected, io::RejectedFile::Kind::skipped)),
      .skipped_reasons = reasons_of_skipping(run),
      .warnings = warnings_of(run),
      .configuration = configuration_of(ensemble)};
  const auto images = images_by_series(run);
  for (const StudyRows& rows : largest_first(run)) {
    const bool pictures = report.studies.size() < studies_with_pictures;
    ReportStudy study{
        .study = rows.study->study, .patient = rows.study->patient, .probability = rows.study->probability};
    for (const train::StudyPrediction* row : rows.series) {
      const std::vector<std::size_t>& slices = images.at({row->study, row->series});
      study.series.push_back(report_series(run, *row, slices, pictures, cache));
      add_members(run, slices, study);
    }
    report.studies.push_back(std::move(study));
  }
  return report;
}

}  // namespace apps
