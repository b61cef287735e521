#include "train/predict.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "nn/core/parallel.h"
#include "train/pseudonym.h"

namespace train {
namespace {

std::vector<std::size_t> all_images(const Dataset& dataset) {
  std::vector<std::size_t> indices(dataset.images.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

Prediction prediction_of(const DatasetImage& image, const Probabilities& logits, bool uses_neighbours,
                         std::string_view id_key) {
  return {.image = image.id,
          .file = image.file,
          .patient = image.patient.empty() ? "" : pseudonym(image.patient, id_key),
          .study = image.study,
          .series = image.series,
          .position_mm = image.position_mm,
          .order = image.order,
          .context = uses_neighbours && image.alone ? "none" : "",
          .probability = sigmoid(logits),
          .logit = logits,
          .labels = {}};
}

/// What is unusual about these images of one series, each flag once.
std::vector<std::string> flags_of(const std::vector<const DatasetImage*>& images) {
  std::vector<std::string> flags;
  const auto add = [&](const char* flag, bool DatasetImage::*is_set) {
    if (std::any_of(images.begin(), images.end(), [&](const DatasetImage* image) { return image->*is_set; })) {
      flags.emplace_back(flag);
    }
  };
  add("bone_kernel", &DatasetImage::bone_kernel);
  add("contrast", &DatasetImage::contrast);
  add("thin_slices", &DatasetImage::thin_slices);
  add("lossy", &DatasetImage::lossy);
  return flags;
}

/// Rows of series say what is unusual about them.
void add_flags(const Dataset& dataset, std::vector<StudyPrediction>& studies) {
  std::map<std::pair<std::string_view, std::string_view>, std::vector<const DatasetImage*>> images_of;
  for (const DatasetImage& image : dataset.images) images_of[{image.study, image.series}].push_back(&image);
  for (StudyPrediction& row : studies) {
    if (!row.is_study) row.flags = flags_of(images_of[{row.study, row.series}]);
  }
}

}  // namespace

PredictionRun predict(const ModelFile& model, const PredictOptions& options, SliceCache& cache,
                      const KeepGoing& progress) {
  const Preprocessing& preprocessing = model.description.preprocessing;
  const auto network = load_network(model);
  DatasetOptions data;
  data.images = options.input;
  data.kind = preprocessing.images;
  data.progress = options.loading;
  PredictionRun run;
  run.dataset = load_dataset(data, cache);

  LoaderOptions loading = evaluation_options(options.batch);
  loading.workers = nn::thread_count();
  Loader loader(run.dataset, all_images(run.dataset), preprocessing, loading, cache);
  const auto logits = predict_logits(*network, loader, nn::Device::cpu, progress);
  NN_CHECK(logits.has_value(), "[predict] stopped");
  for (std::size_t i = 0; i < logits->size(); ++i) {
    run.predictions.push_back(
        prediction_of(run.dataset.images[i], (*logits)[i], preprocessing.slices() > 1, options.id_key));
  }
  run.studies = predict_studies(run.predictions);
  add_flags(run.dataset, run.studies);
  return run;
}

}  // namespace train
