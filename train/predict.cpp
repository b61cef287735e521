#include "train/predict.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "nn/core/parallel.h"
#include "train/conv_choices.h"
#include "train/run_directory.h"

namespace train {
namespace {

/// Images that go through all networks before the next do: so many that the cache holds them and their neighbours, and
/// every network finds them decoded. 512 slices of 512 x 512 are a quarter of the usual cache.
std::size_t block_size(const Dataset& dataset, SliceCache& cache) {
  constexpr std::size_t most = 512;
  const std::size_t bytes = cache.get(dataset.images.front().path, dataset.kind)->bytes();
  return std::clamp(cache.capacity() / 2 / bytes, std::size_t{1}, most);
}

struct LoadedModel {
  std::size_t member;
  double share;  // of the member's mean: one over its models and views
  const ModelFile* file;
  std::unique_ptr<nn::Module> network;
  std::unique_ptr<Inference> inference;
  std::shared_ptr<const nn::cpu::ConvTable> conv_choices{};  // null: what is in force
};

/// What the run that a model lies in keeps; null if it keeps none.
std::shared_ptr<const nn::cpu::ConvTable> kept_choices(const ModelFile& model) {
  const std::filesystem::path path = RunDirectory{model.path.parent_path()}.conv_choices();
  return std::filesystem::exists(path) ? read_conv_choices(path).table : nullptr;
}

/// A network of damaged weights says NaN, which no rule of joining could tell from an answer.
void check_finite(const Probabilities& logits, const ModelFile& model, const DatasetImage& image) {
  const bool finite = std::all_of(logits.begin(), logits.end(), [](double logit) { return std::isfinite(logit); });
  NN_CHECK(finite, model.path.string(), ": gives no finite number for image ", image.id,
           ": its weights are unusable, train it again");
}

std::vector<LoadedModel> load_networks(const Ensemble& ensemble, std::size_t view_count,
                                       const PredictOptions& options) {
  const bool by_kept_choices = options.kept_conv_choices && options.compute.device == nn::Device::cpu;
  std::vector<LoadedModel> networks;
  for (std::size_t m = 0; m < ensemble.members.size(); ++m) {
    const Member& member = ensemble.members[m];
    const double share = 1 / static_cast<double>(member.models.size() * view_count);
    for (const ModelFile& model : member.models) {
      auto network = load_network(model);
      auto inference = std::make_unique<Inference>(*network, options.compute);
      networks.push_back({m, share, &model, std::move(network), std::move(inference)});
      if (by_kept_choices) networks.back().conv_choices = kept_choices(model);
    }
  }
  return networks;
}

/// The networks of all members, and what they say of images.
class Predictor {
 public:
  Predictor(const Ensemble& ensemble, const PredictOptions& options, SliceCache& cache, const KeepGoing& progress)
      : ensemble_(ensemble),
        views_(views(ensemble.augmentation)),
        networks_(load_networks(ensemble, views_.size(), options)),
        compute_(options.compute),
        batch_(options.batch),
        cache_(cache),
        progress_(progress) {}

  /// [image][member], of images begin to end - 1.
  std::vector<std::vector<Belief>> predict_block(const Dataset& dataset, std::size_t begin, std::size_t end) {
    std::vector<std::vector<Belief>> beliefs(end - begin, std::vector<Belief>(ensemble_.members.size()));
    for (const LoadedModel& model : networks_) {
      for (const Augmentation& view : views_) {
        const std::vector<Probabilities> logits = predict_view(model, view, dataset, begin, end);
        for (std::size_t i = 0; i < logits.size(); ++i) {
          check_finite(logits[i], *model.file, dataset.images[begin + i]);
          add(beliefs[i][model.member], belief_of_logits(logits[i]), model.share);
        }
      }
    }
    return beliefs;
  }

 private:
  std::vector<Probabilities> predict_view(const LoadedModel& model, const Augmentation& view, const Dataset& dataset,
                                          std::size_t begin, std::size_t end) {
    std::vector<std::size_t> indices(end - begin);
    std::iota(indices.begin(), indices.end(), begin);
    LoaderOptions options = evaluation_options(batch_);
    options.workers = nn::thread_count();
    options.view = view;
    options.raw = compute_.device != nn::Device::cpu;
    Loader loader(dataset, std::move(indices), model.file->description.preprocessing, options, cache_);
    const auto images = static_cast<std::int64_t>(dataset.images.size());
    const KeepGoing count = [&](std::int64_t done, std::int64_t) { return report(done, images); };
    const nn::cpu::ConvTableInForce in_force(model.conv_choices ? model.conv_choices : nn::cpu::conv_table());
    auto logits = predict_logits(*model.inference, loader, progress_ ? count : KeepGoing{});
    NN_CHECK(logits.has_value(), "[predict] stopped");
    passes_ += static_cast<std::int64_t>(end - begin);
    return std::move(*logits);
  }

  /// An image is done when all models have seen all its views; until then it counts in part.
  bool report(std::int64_t done, std::int64_t images) const {
    return progress_((passes_ + done) / static_cast<std::int64_t>(networks_.size() * views_.size()), images);
  }

  const Ensemble& ensemble_;
  const std::vector<Augmentation> views_;
  const std::vector<LoadedModel> networks_;
  const Compute compute_;
  const int batch_;
  SliceCache& cache_;
  const KeepGoing& progress_;
  std::int64_t passes_ = 0;  // of an image through a network
};

bool uses_neighbours(const Ensemble& ensemble) {
  for (const Member& member : ensemble.members) {
    for (const ModelFile& model : member.models) {
      if (model.description.preprocessing.slices() > 1) return true;
    }
  }
  return false;
}

Prediction prediction_of(const DatasetImage& image, const Ensemble& ensemble, const std::vector<Belief>& beliefs,
                         std::string_view id_key) {
  const Belief whole = combine(ensemble.rule, beliefs, ensemble.weights);
  Prediction row{.image = image.id,
                 .file = image.file,
                 .patient = image.patient.empty() ? "" : pseudonym(image.patient, id_key),
                 .study = image.study,
                 .series = image.series,
                 .position_mm = image.position_mm,
                 .order = image.order,
                 .context = image.alone && uses_neighbours(ensemble) ? "none" : "",
                 .probability = whole.p,
                 .logit = whole.logit(),
                 .labels = {}};
  if (beliefs.size() > 1) {
    for (const Belief& member : beliefs) row.by_member.push_back(member.p);
  }
  return row;
}

/// What is unusual about these images of one series, each flag once.
std::vector<std::string> flags_of(const std::vector<const DatasetImage*>& images) {
  std::vector<std::string> flags;
  const auto add_flag = [&](const char* flag, bool DatasetImage::*is_set) {
    if (std::any_of(images.begin(), images.end(), [&](const DatasetImage* image) { return image->*is_set; })) {
      flags.emplace_back(flag);
    }
  };
  add_flag("bone_kernel", &DatasetImage::bone_kernel);
  add_flag("contrast", &DatasetImage::contrast);
  add_flag("thin_slices", &DatasetImage::thin_slices);
  add_flag("lossy", &DatasetImage::lossy);
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

DatasetOptions dataset_options(const Ensemble& ensemble, const PredictOptions& options) {
  DatasetOptions data;
  data.images = options.input;
  data.kind = ensemble.members.front().models.front().description.preprocessing.images;
  data.progress = options.loading;
  return data;
}

}  // namespace

PredictionRun predict(const Ensemble& ensemble, const PredictOptions& options, SliceCache& cache,
                      const KeepGoing& progress) {
  ensemble.check();
  Predictor predictor(ensemble, options, cache, progress);  // first: weights that do not fit should not cost a scan
  PredictionRun run;
  run.dataset = load_dataset(dataset_options(ensemble, options), cache);
  if (ensemble.members.size() > 1) {
    for (const Member& member : ensemble.members) run.members.push_back(member.name);
  }
  const std::vector<DatasetImage>& images = run.dataset.images;
  run.predictions.resize(images.size());
  const std::size_t block = block_size(run.dataset, cache);
  for (std::size_t end = images.size(); end > 0;) {  // backwards: loading has left the last images in the cache
    const std::size_t begin = (end - 1) / block * block;
    const auto beliefs = predictor.predict_block(run.dataset, begin, end);
    for (std::size_t i = begin; i < end; ++i) {
      run.predictions[i] = prediction_of(images[i], ensemble, beliefs[i - begin], options.id_key);
    }
    end = begin;
  }
  run.studies = predict_studies(run.predictions);
  add_flags(run.dataset, run.studies);
  return run;
}

PredictionRun predict(const ModelFile& model, const PredictOptions& options, SliceCache& cache,
                      const KeepGoing& progress) {
  Ensemble one{.members = {{.name = "model", .models = {}}}};
  one.members.front().models.push_back(model);
  return predict(one, options, cache, progress);
}

}  // namespace train
