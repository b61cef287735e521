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

std::vector<std::string> flags_of(const DatasetImage& image) {
  std::vector<std::string> flags;
  if (image.bone_kernel) flags.emplace_back("bone_kernel");
  if (image.contrast) flags.emplace_back("contrast");
  if (image.thin_slices) flags.emplace_back("thin_slices");
  return flags;
}

/// Rows of series say what is unusual about them.
void add_flags(const Dataset& dataset, std::vector<StudyPrediction>& studies) {
  std::map<std::pair<std::string_view, std::string_view>, const DatasetImage*> image_of_series;
  for (const DatasetImage& image : dataset.images) image_of_series.try_emplace({image.study, image.series}, &image);
  for (StudyPrediction& row : studies) {
    const auto found = image_of_series.find({row.study, row.series});
    if (!row.series.empty() && found != image_of_series.end()) row.flags = flags_of(*found->second);
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
