#include "train/training_run.h"

#include <algorithm>

#include "io/files/atomic_file.h"
#include "models/registry.h"
#include "nn/core/parallel.h"
#include "train/data/pixel_check.h"
#include "train/data/pseudonym.h"
#include "train/data/rejected.h"
#include "train/evaluation/predictions.h"
#include "train/head.h"
#include "train/tune_convolutions.h"

namespace train {
namespace {

Preprocessing preprocessing_of(const TrainConfig& config, ImageKind kind, const std::optional<WeightOrigin>& origin) {
  const InputKind input = config.input == "slices" ? InputKind::slices : InputKind::windows;
  Preprocessing preprocessing = Preprocessing::defaults(kind, input, config.size);
  if (!config.windows.empty()) {
    preprocessing.windows.clear();
    for (const std::string& window : config.windows) preprocessing.windows.push_back(parse_window(window));
  }
  const models::ModelEntry& model = models::find_model(config.model);
  if (preprocessing.channels() == static_cast<int>(model.mean.size())) {
    preprocessing.mean.assign(model.mean.begin(), model.mean.end());
    preprocessing.deviation.assign(model.deviation.begin(), model.deviation.end());
  }
  if (origin) apply_scaling(origin->scaling, preprocessing);
  preprocessing.check();
  return preprocessing;
}

DatasetOptions dataset_options(const TrainConfig& config, const DatasetProgress& progress) {
  DatasetOptions options;
  options.images = config.images;
  options.labels = config.labels;
  options.groups = config.groups;
  options.label_options = {.soft_labels = config.soft_labels, .mask_missing = config.missing_labels == "mask"};
  options.progress = progress;
  return options;
}

double batch_norm_epsilon(const std::optional<WeightOrigin>& origin) {
  return origin ? origin->batch_norm_epsilon : models::usual_batch_norm_epsilon;
}

/// Beginning anew would replace the best model by that of a first epoch: only a run that has neither is begun.
Start checked(Start start, const RunDirectory& run) {
  if (start == Start::anew || std::filesystem::exists(run.checkpoint())) return start;
  for (const std::filesystem::path& file : {run.history(), run.model()}) {
    NN_CHECK(!std::filesystem::exists(file), run.checkpoint().string(), ": is missing, but there is ",
             file.filename().string(),
             ": the run cannot go on without its checkpoint; begin another with another --out");
  }
  return start;
}

/// Whether the run goes on, so that its choices of algorithms were made before.
bool goes_on(const RunDirectory& run, Start start) {
  const bool began = std::filesystem::exists(run.conv_choices()) || std::filesystem::exists(run.checkpoint());
  return began && start == Start::from_checkpoint;
}

/// What the run keeps, or the file that --conv names. None: --conv is no file, or the choices are still to be made, or
/// the run goes on on a GPU, which has no use for what it keeps and leaves it alone.
std::optional<ConvChoices> read_choices(const TrainConfig& config, const RunDirectory& run, Start start,
                                        nn::Device device) {
  const std::string& conv = config.compute.conv;
  if (conv != tune_conv && !is_conv_file(conv)) return {};
  if (goes_on(run, start)) {
    return device == nn::Device::cpu ? std::optional(read_conv_choices(run.conv_choices())) : std::nullopt;
  }
  return conv == tune_conv ? std::nullopt : std::optional(read_conv_choices(conv));
}

int loader_workers() { return std::max(1, nn::thread_count()); }

}  // namespace

TrainingRun::TrainingRun(TrainConfig config, RunDirectory directory, std::string id_key, const DatasetProgress& loading,
                         Start start, const DiskCacheOptions& disk_cache)
    : config_(std::move(config)),
      compute_(set_up(config_.compute, Work::training)),
      directory_(std::move(directory)),
      id_key_(std::move(id_key)),
      start_(checked(start, directory_)),
      conv_choices_(read_choices(config_, directory_, start, compute_.device)),
      weights_(read_initial_weights(config_, directory_, start)),
      cache_(SliceCache::default_capacity, disk_cache),
      dataset_(load_dataset(dataset_options(config_, loading), cache_)),
      parts_(split_dataset(dataset_, config_, id_key_)),
      preprocessing_(preprocessing_of(config_, dataset_.kind, weights_.origin)),
      class_prior_(prevalence(labels_of(parts_.training))),
      network_(make_network()) {
  if (weights_.origin) config_.weights_sha256 = weights_.origin->sha256;
}

/// Random, but for the pretrained weights; the head's bias starts from the class prior.
std::unique_ptr<nn::Module> TrainingRun::make_network() {
  const models::ModelOptions options{.channels = preprocessing_.channels(),
                                     .classes = io::label_count,
                                     .size = preprocessing_.size,
                                     .dropout = config_.dropout,
                                     .seed = config_.seed,
                                     .batch_norm_epsilon = batch_norm_epsilon(weights_.origin),
                                     .recompute_batch_norm = config_.recompute};
  auto network = models::make_model(config_.model, options);
  if (weights_.pretrained) {
    const ImportOptions import_options{.red_green_blue = preprocessing_.images == ImageKind::pictures};
    weights_loaded_ = describe(*weights_.pretrained, import_pretrained(*weights_.pretrained, *network, import_options));
    weights_.pretrained.reset();
  }
  set_head_bias(*network, class_prior_);
  return network;
}

TrainingRun::~TrainingRun() = default;

/// Nothing if a stop was requested.
std::optional<ConvChoices> TrainingRun::tuned_choices(TrainingObserver& observer,
                                                      const Trainer::StopRequested& stop_requested) {
  const std::int64_t size = preprocessing_.size, channels = preprocessing_.channels();
  const auto keep_going = [&](std::int64_t done, std::int64_t total) {
    observer.timed_convolutions(done, total);
    return !stop_requested();
  };
  std::optional<TunedConvolutions> tuned =
      tune_convolutions(*network_, {.input = {config_.batch, size, size, channels}, .progress = keep_going});
  if (!tuned) return {};
  observer.tuned_convolutions(*tuned);
  return std::move(tuned->choices);
}

/// --conv tune: times the network's convolutions, unless that was done when the run began or this is a GPU; false if a
/// stop was requested, and the run begins anew when it is resumed.
bool TrainingRun::choose_algorithms(TrainingObserver& observer, const Trainer::StopRequested& stop_requested) {
  if (!conv_choices_ && config_.compute.conv == tune_conv) {
    if (compute_.device == nn::Device::cpu) {
      conv_choices_ = tuned_choices(observer, stop_requested);
      if (!conv_choices_) return false;
    } else if (!goes_on(directory_, start_)) {
      conv_choices_ = ConvChoices{};
    }
  }
  if (conv_choices_) conv_in_force_.emplace(conv_choices_->table);
  return true;
}

/// config.json, conv_choices.json, split.csv and rejected.csv.
void TrainingRun::write_tables() const {
  if (conv_choices_) write_conv_choices(directory_.conv_choices(), *conv_choices_);
  io::write_file_atomically(directory_.config(), to_json(config_));
  write_split(directory_.split(), parts_.split);
  write_rejected(directory_.rejected(), dataset_.rejected);
}

std::vector<ImageLabels> TrainingRun::labels_of(const std::vector<std::size_t>& images) const {
  std::vector<ImageLabels> labels;
  labels.reserve(images.size());
  for (const std::size_t i : images) labels.push_back(dataset_.images[i].labels);
  return labels;
}

std::vector<std::string> TrainingRun::warnings() const {
  std::vector<std::string> lines;
  if (!dataset_.by_patient) lines.push_back(dataset_.group_warning);
  if (config_.compute.conv == tune_conv) {
    if (compute_.device != nn::Device::cpu) {
      lines.emplace_back(tune_conv_on_gpu);
    } else if (conv_choices_ && conv_choices_->simd.empty() && conv_choices_->table->decisions().empty()) {
      lines.emplace_back(untuned_conv);
    }
  }
  if (cache_.disk() != nullptr && !cache_.disk()->warning().empty()) lines.push_back(cache_.disk()->warning());
  if (dataset_.labels_without_image > 0) {
    lines.push_back(std::to_string(dataset_.labels_without_image) +
                    " labelled images cannot be used or are not below " + config_.images);
  }
  if (dataset_.unlabelled > 0) {
    lines.push_back(std::to_string(dataset_.unlabelled) + " images have no label and are not used");
  }
  if (!dataset_.conflicting_twins.empty()) {
    const Twins& twins = dataset_.conflicting_twins.front();
    lines.push_back(std::to_string(dataset_.conflicting_twins.size()) +
                    " pairs of pixel-identical images of two patients have different labels, among them " +
                    dataset_.images[twins.first].id + " and " + dataset_.images[twins.second].id);
  }
  const std::vector<Twins> leaked = find_twins_across(dataset_, parts_.training, parts_.validation);
  if (!leaked.empty()) {
    lines.push_back(
        std::to_string(leaked.size()) + " of " + std::to_string(parts_.validation.size()) +
        " validation images are, pixel for pixel, among the training images of other patients, for example " +
        dataset_.images[leaked.front().second].id + " and " + dataset_.images[leaked.front().first].id +
        ": scores are too good by them");
  }
  return lines;
}

TrainerOptions TrainingRun::trainer_options() const {
  TrainerOptions options{.epochs = config_.epochs,
                         .schedule = {.learning_rate = config_.learning_rate, .warmup_share = config_.warmup},
                         .optimizer = {.kind = optimizer_kind(config_.optimizer), .weight_decay = config_.weight_decay},
                         .patience = config_.patience,
                         .checkpoint_minutes = config_.checkpoint_minutes,
                         .seed = config_.seed,
                         .compute = compute_};
  if (!config_.weights.empty()) {
    options.fine_tuning = {.backbone_learning_rate_scale = config_.backbone_learning_rate / config_.learning_rate,
                           .freeze_epochs = config_.freeze_epochs,
                           .frozen_batch_norm = config_.batch_norm == "frozen"};
  }
  return options;
}

Ended TrainingRun::train(TrainingObserver& observer, const Trainer::StopRequested& stop_requested) {
  LoaderOptions training = training_options(config_.batch, config_.seed),
                validation = evaluation_options(config_.batch);
  training.augment = config_.augment;
  training.workers = validation.workers = loader_workers();
  training.raw = validation.raw = compute_.device != nn::Device::cpu;
  Loader training_loader(dataset_, parts_.training, preprocessing_, training, cache_);
  Loader validation_loader(dataset_, parts_.validation, preprocessing_, validation, cache_);

  Trainer trainer({.network = *network_,
                   .training = training_loader,
                   .validation = validation_loader,
                   .validation_labels = labels_of(parts_.validation),
                   .class_prior = class_prior_,
                   .identity = {.architecture = config_.model,
                                .data_hash = data_hash(dataset_, dataset_.labelled()),
                                .split_hash = split_hash(parts_.split),
                                .pretrained = weights_.origin},
                   .files = {.checkpoint = directory_.checkpoint(), .history = directory_.history()}},
                  trainer_options());
  if (start_ == Start::from_checkpoint) trainer.resume();
  const bool chosen = choose_algorithms(observer, stop_requested);
  write_tables();  // not before: a refused checkpoint leaves the run as it was
  if (!chosen) return Ended::interrupted;
  const auto keep = [&](const HistoryRow& row, const ValidationResult& result) { keep_best(row, result); };
  const Ended ended = trainer.run(observer, keep, stop_requested);
  history_ = trainer.state().history;
  best_epoch_ = trainer.state().best_epoch;
  return ended;
}

void TrainingRun::keep_best(const HistoryRow& row, const ValidationResult& result) {
  write_predictions(result);
  write_model(directory_.model(),
              {.architecture = config_.model,
               .batch_norm_epsilon = batch_norm_epsilon(weights_.origin),
               .pretrained = weights_.origin,
               .preprocessing = preprocessing_,
               .class_prior = class_prior_,
               .data_hash = data_hash(dataset_, parts_.training),
               .split_hash = split_hash(parts_.split),
               .by_patient = dataset_.by_patient,
               .seed = config_.seed,
               .epoch = row.epoch,
               .validation_loss = row.validation_loss,
               .weighted_log_loss = row.weighted_log_loss,
               .auc = row.auc,
               .program_version = FALX_VERSION},
              *network_);
}

void TrainingRun::write_predictions(const ValidationResult& result) const {
  std::vector<Prediction> rows;
  for (std::size_t k = 0; k < parts_.validation.size(); ++k) {
    const DatasetImage& image = dataset_.images[parts_.validation[k]];
    rows.push_back({.image = image.id,
                    .file = image.file,
                    .patient = pseudonym(image.patient, id_key_),
                    .study = image.study,
                    .series = image.series,
                    .position_mm = image.position_mm,
                    .order = image.order,
                    .context = {},
                    .probability = result.probabilities[k],
                    .logit = result.logits[k],
                    .labels = image.labels});
  }
  write_validation_predictions(directory_.predictions(), rows);
}

}  // namespace train
