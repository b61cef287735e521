#include "apps/train_report.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "apps/report/counted.h"
#include "apps/slice_picture.h"
#include "train/evaluation/predictions.h"

namespace apps {
namespace {

constexpr int picture_size = 192;
constexpr std::size_t samples_shown = 6;  // rows of three or two are full

struct ScoredImage {
  const train::DatasetImage* image;
  train::Probabilities probability;
};

std::vector<ScoredImage> scored_images(const train::TrainingRun& run, const train::RunDirectory& directory) {
  std::unordered_map<std::string, const train::DatasetImage*> by_id;
  for (const std::size_t i : run.parts().validation) by_id[run.dataset().images[i].id] = &run.dataset().images[i];
  std::vector<ScoredImage> scored;
  for (const train::Prediction& row : train::read_predictions(directory.predictions())) {
    const auto found = by_id.find(row.image);
    if (found != by_id.end()) scored.push_back({found->second, row.probability});
  }
  return scored;
}

/// Of every subtype the image found best, and the worst false alarms.
std::vector<ScoredImage> samples_of(std::vector<ScoredImage> images) {
  std::vector<ScoredImage> chosen;
  std::set<const train::DatasetImage*> taken;
  const auto choose = [&](std::size_t label, bool positive, std::size_t count) {
    std::stable_sort(images.begin(), images.end(), [label](const ScoredImage& a, const ScoredImage& b) {
      return a.probability[label] > b.probability[label];
    });
    for (const ScoredImage& candidate : images) {
      const train::ImageLabels& labels = candidate.image->labels;
      if (count == 0) return;
      if (!labels.known[label] || (labels.value[label] >= 0.5F) != positive) continue;
      if (!taken.insert(candidate.image).second) continue;
      chosen.push_back(candidate);
      --count;
    }
  };
  for (std::size_t label = 1; label < io::label_names.size(); ++label) choose(label, true, 1);
  choose(0, false, samples_shown - chosen.size());
  return chosen;
}

std::size_t patients_in(const train::TrainingRun& run, const std::vector<std::size_t>& images) {
  std::set<std::string_view> patients;
  for (const std::size_t i : images) patients.insert(run.dataset().images[i].patient);
  return patients.size();
}

/// The directory's own name, also of "RUN/" and ".".
std::string title(const std::filesystem::path& directory) {
  const std::filesystem::path path = std::filesystem::absolute(directory).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::string subtitle(const train::TrainingRun& run) {
  const auto part = [&](const char* name, const std::vector<std::size_t>& images) {
    return nn::message(images.size(), " ", name, images.size() == 1 ? " image of " : " images of ",
                       counted(patients_in(run, images), "patient", "patients"));
  };
  return nn::message(run.config().model, ", ", run.config().size, " px, ", part("training", run.parts().training), ", ",
                     part("validation", run.parts().validation));
}

}  // namespace

RunReport make_run_report(train::TrainingRun& run, const train::RunDirectory& directory) {
  RunReport report{.title = title(directory.path),
                   .subtitle = subtitle(run),
                   .history = run.history(),
                   .best_epoch = run.best_epoch(),
                   .predictions = {},
                   .labels = {},
                   .class_prior = run.class_prior(),
                   .samples = {},
                   .configuration = train::option_table(run.config()),
                   .warnings = run.warnings()};
  const std::vector<ScoredImage> scored = scored_images(run, directory);
  for (const ScoredImage& image : scored) {
    report.predictions.push_back(image.probability);
    report.labels.push_back(image.image->labels);
  }
  for (const ScoredImage& sample : samples_of(scored)) {
    report.samples.push_back({.png = slice_png(*sample.image, run.dataset().kind, picture_size, run.cache()),
                              .caption = sample.image->id,
                              .probability = sample.probability,
                              .labels = sample.image->labels});
  }
  return report;
}

}  // namespace apps
