#include "train/trainer.h"

#include <cmath>

namespace train {

Trainer::Trainer(Parts parts, TrainerOptions options)
    : parts_(std::move(parts)),
      options_(options),
      step_(parts_.network, options.optimizer, options.label_weights, options.seed, options.compute,
            options.fine_tuning),
      inference_(parts_.network, options.compute) {
  NN_CHECK(options.epochs >= 1, "[trainer] expects at least 1 epoch, got ", options.epochs);
  NN_CHECK(parts_.training.images() > 0, "there is no image to train on");
  NN_CHECK(parts_.validation.images() > 0, "there is no image to validate on");
}

void Trainer::resume() {
  if (!std::filesystem::exists(parts_.files.checkpoint)) return;
  state_ = read_checkpoint(parts_.files.checkpoint, parts_.identity, parts_.network, step_.optimizer());
}

Ended Trainer::run(TrainingObserver& observer, const KeepBest& keep_best, const StopRequested& stop_requested) {
  last_checkpoint_ = last_time_ = Clock::now();
  while (state_.epoch < options_.epochs) {
    if (ended_early()) return Ended::early;
    const bool trained = train_epoch(observer, stop_requested);
    const std::optional<ValidationResult> result = trained ? validate(observer, stop_requested) : std::nullopt;
    if (!result) {
      write_checkpoint();
      return Ended::interrupted;
    }
    finish_epoch(*result, observer, keep_best);
    write_checkpoint();
    if (state_.epoch < options_.epochs && stop_requested()) return Ended::interrupted;
  }
  return Ended::all_epochs;
}

bool Trainer::ended_early() const {
  return options_.patience > 0 && state_.best_epoch > 0 && state_.epochs_without_improvement() >= options_.patience;
}

/// The steps of the current epoch that are left; false if a stop was requested.
bool Trainer::train_epoch(TrainingObserver& observer, const StopRequested& stop_requested) {
  if (options_.fine_tuning) step_.set_backbone_frozen(state_.epoch < options_.fine_tuning->freeze_epochs);
  parts_.training.start(state_.epoch, state_.step);
  while (const std::optional<Batch> batch = parts_.training.next()) {
    step_.start(*batch, learning_rate(steps_started()), steps_before() + steps_started());
    if (step_.should_finish()) finish_step(observer);
    if (stop_requested()) {
      finish_all_steps(observer);
      parts_.training.stop();
      return false;
    }
    const double minutes = std::chrono::duration<double>(Clock::now() - last_checkpoint_).count() / 60;
    if (options_.checkpoint_minutes > 0 && minutes >= options_.checkpoint_minutes) {
      finish_all_steps(observer);
      write_checkpoint();
    }
  }
  finish_all_steps(observer);
  return true;
}

void Trainer::finish_all_steps(TrainingObserver& observer) {
  while (step_.unfinished() > 0) finish_step(observer);
}

void Trainer::finish_step(TrainingObserver& observer) {
  const StepResult result = step_.finish();
  ++state_.step;
  if (result.update.skipped) {
    observer.skipped_update(state_.epoch + 1, state_.step);
    NN_CHECK(result.update.skipped_in_a_row < options_.max_skipped,
             "training has diverged: ", result.update.skipped_in_a_row,
             " updates in a row were skipped because the gradient was not finite (epoch ", state_.epoch + 1, ", step ",
             state_.step, "); the last checkpoint is kept; try a smaller learning rate");
  } else {
    state_.loss_sum += result.loss * static_cast<double>(result.images);
    state_.images += result.images;
  }
  const double loss = state_.images > 0 ? state_.loss_sum / static_cast<double>(state_.images) : std::nan("");
  // The last batch may be smaller than the others.
  const bool last = state_.step == parts_.training.steps_per_epoch();
  const std::int64_t total = parts_.training.images();
  const std::int64_t done = last ? total : state_.step * result.images;
  observer.trained(state_.epoch + 1, done, total, loss);
}

std::optional<ValidationResult> Trainer::validate(TrainingObserver& observer, const StopRequested& stop_requested) {
  const auto keep_going = [&](std::int64_t done, std::int64_t total) {
    observer.validated(state_.epoch + 1, done, total);
    return !stop_requested();
  };
  auto logits = predict_logits(inference_, parts_.validation, keep_going);
  if (!logits) return std::nullopt;
  ValidationResult result{.logits = std::move(*logits), .probabilities = {}, .scores = {}};
  result.probabilities = sigmoid(result.logits);
  result.scores = score(result.probabilities, parts_.validation_labels);
  result.loss = weighted_loss(result.logits, parts_.validation_labels, options_.label_weights);
  return result;
}

void Trainer::finish_epoch(const ValidationResult& result, TrainingObserver& observer, const KeepBest& keep_best) {
  // There before history and model: either without it is a run that lost its checkpoint, which resuming refuses.
  if (!std::filesystem::exists(parts_.files.checkpoint)) write_checkpoint();
  take_time();
  const HistoryRow row = history_row(result);
  state_.epoch = row.epoch;
  state_.step = 0;
  state_.loss_sum = 0;
  state_.images = 0;
  state_.seconds = 0;
  state_.history.push_back(row);
  // The first epoch is always kept, so that there is a model; a loss that is not a number never beats one that is.
  const bool best =
      state_.best_epoch == 0 || (std::isfinite(result.loss) && (!state_.best_loss || result.loss < *state_.best_loss));
  if (best) {
    if (std::isfinite(result.loss)) state_.best_loss = result.loss;
    state_.best_epoch = row.epoch;
    keep_best(row, result);
  }
  write_history(parts_.files.history, state_.history);
  observer.finished_epoch(row, best);
}

HistoryRow Trainer::history_row(const ValidationResult& result) const {
  HistoryRow row{.epoch = state_.epoch + 1,
                 .train_loss = state_.images > 0 ? state_.loss_sum / static_cast<double>(state_.images) : std::nan(""),
                 .validation_loss = result.loss,
                 .weighted_log_loss = result.scores.weighted_log_loss,
                 .class_prior = score_class_prior(parts_.class_prior, parts_.validation_labels).weighted_log_loss,
                 .auc = {},
                 .learning_rate = learning_rate(parts_.training.steps_per_epoch() - 1),
                 .images_per_second = static_cast<double>(parts_.training.images()) / std::max(state_.seconds, 1e-9),
                 .seconds = state_.seconds};
  for (std::size_t i = 0; i < row.auc.size(); ++i) row.auc[i] = result.scores.label[i].auc;
  return row;
}

std::int64_t Trainer::steps_before() const { return state_.epoch * parts_.training.steps_per_epoch(); }

/// Of this epoch; not all of them need be finished.
std::int64_t Trainer::steps_started() const { return state_.step + static_cast<std::int64_t>(step_.unfinished()); }

double Trainer::learning_rate(std::int64_t step_in_epoch) const {
  const std::int64_t total = options_.epochs * parts_.training.steps_per_epoch();
  return learning_rate_at(options_.schedule, steps_before() + step_in_epoch, total);
}

void Trainer::write_checkpoint() {
  take_time();
  train::write_checkpoint(parts_.files.checkpoint, parts_.identity, parts_.network, step_.optimizer(), state_);
  last_checkpoint_ = Clock::now();
}

void Trainer::take_time() {
  const Clock::time_point now = Clock::now();
  state_.seconds += std::chrono::duration<double>(now - last_time_).count();
  last_time_ = now;
}

}  // namespace train
