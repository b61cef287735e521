#include "apps/train_options.h"

#include <CLI/CLI.hpp>

#include "models/registry.h"

namespace apps {
namespace {

void add_data_options(CLI::App& command, train::TrainConfig& config) {
  command.add_option("--images", config.images,
                     "Directory of DICOM files (or PNG and JPEG), searched recursively; required for a new run");
  command.add_option("--labels", config.labels,
                     "CSV of labels: ID,Label or image,any,epidural,...; required for a new run");
  command.add_option("--groups", config.groups, "CSV image,patient,study that overrides the headers");
  command.add_flag("--soft-labels", config.soft_labels, "Accept labels between 0 and 1");
  command
      .add_option("--missing-labels", config.missing_labels, "Images without label rows: an error, or unknown (mask)")
      ->type_name("{error,mask}")
      ->capture_default_str();
  command.add_option("--validation", config.validation, "Share of the images for validation, whole patients")
      ->capture_default_str();
  command.add_option("--folds", config.folds, "Split into this many folds instead");
  command.add_option("--fold", config.fold, "The fold for validation, from 0");
  command.add_option("--split", config.split, "Take the folds from this split.csv");
  command.add_option("--split-seed", config.split_seed, "Seed of the split alone")->capture_default_str();
}

void add_network_options(CLI::App& command, train::TrainConfig& config) {
  command.add_option("--model", config.model, "The network")
      ->type_name(choices_of(models::model_names()))
      ->capture_default_str();
  command.add_option("--size", config.size, "Pixels a side (default: the model's own)")->check(above_zero());
  command.add_option("--input", config.input, "One slice in several windows, or three slices in one")
      ->type_name("{windows,slices}")
      ->capture_default_str();
  command.add_option("--window", config.windows, "CENTRE/WIDTH in HU, as 40/80; repeat for several")
      ->allow_extra_args(false);
  command.add_option("--dropout", config.dropout, "Of the head (default: the model's own)")->check(not_negative());
  command.add_flag("--recompute,!--no-recompute", config.recompute,
                   "DenseNet: compute batch norms again backward instead of storing them: half the memory "
                   "(default: yes)");
}

void add_fine_tuning_options(CLI::App& command, train::TrainConfig& config) {
  command.add_option("--weights", config.weights, "Start from pretrained weights: a .safetensors or Keras .h5 file");
  command.add_option("--weights-sha256", config.weights_sha256, "Accept only the file with this hash");
  command
      .add_option("--backbone-lr", config.backbone_learning_rate,
                  "With --weights, highest learning rate of all but the head (default: as --lr)")
      ->check(above_zero());
  command
      .add_option("--freeze-epochs", config.freeze_epochs,
                  "With --weights, epochs at the beginning in which only the head learns")
      ->check(not_negative())
      ->capture_default_str();
  command
      .add_option("--batch-norm", config.batch_norm,
                  "Statistics of the batch, or frozen: those that came with --weights")
      ->type_name("{train,frozen}")
      ->capture_default_str();
}

void add_training_options(CLI::App& command, train::TrainConfig& config) {
  command.add_option("--epochs", config.epochs, "Passes over the training part")->capture_default_str();
  command.add_option("--batch", config.batch, "Images a step")->capture_default_str();
  command.add_option("--optimizer", config.optimizer, "How steps are made of gradients")
      ->type_name("{adamw,adam,sgd}")
      ->capture_default_str();
  command.add_option("--lr", config.learning_rate, "Highest learning rate (default: the model's and optimizer's own)")
      ->check(above_zero());
  command.add_option("--warmup", config.warmup, "Share of the steps in which the learning rate rises (default: 0.1)")
      ->check(not_negative());
  command.add_option("--weight-decay", config.weight_decay, "Default: 0.1, adam and sgd 0.0001")->check(not_negative());
  command.add_flag("--augment,!--no-augment", config.augment, "Flip, shift, scale, rotate, noise (default: on)");
  command.add_option("--patience", config.patience, "End after this many epochs without improvement; 0: never")
      ->capture_default_str();
  command
      .add_option("--checkpoint-minutes", config.checkpoint_minutes,
                  "Between checkpoints within an epoch; 0: only at its end")
      ->capture_default_str();
  add_compute(command, config.compute, train::Work::training, ConvTuning::offered);
}

}  // namespace

void add_train_options(CLI::App& command, TrainOptions& options) {
  command.add_option("--out", options.out, "The run directory")->required();
  add_data_options(command, options.config);
  add_network_options(command, options.config);
  add_fine_tuning_options(command, options.config);
  add_training_options(command, options.config);
  command.add_option("--config", options.config_file, "Options from a config.json; the command line overrides it");
  command.add_option("--id-key", options.id_key, "Secret key of the patient pseudonyms; not stored");
  command.add_flag("--resume", options.resume, "Go on with the run in --out");
  command.add_flag("--overwrite", options.overwrite, "Replace the run in --out");
  add_cache(command, options.cache);
  add_seed(command, options.common);
  add_threads(command, options.common);
  add_quiet(command, options.common);
  add_json(command, options.common);
}

}  // namespace apps
