// falx train: learns from labelled images; writes a run directory.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <vector>

#include "apps/cache_options.h"
#include "apps/commands.h"
#include "apps/interruption.h"
#include "apps/output_directory.h"
#include "apps/output_lock.h"
#include "apps/progress.h"
#include "apps/train_options.h"
#include "apps/train_report.h"
#include "io/files/atomic_file.h"
#include "models/registry.h"
#include "nn/core/parallel.h"
#include "train/data/rejected.h"
#include "train/evaluation/metrics.h"
#include "train/run_space.h"
#include "train/training_run.h"

namespace apps {
namespace {

std::vector<OwnFile> own_files(const train::RunDirectory& run) {
  return {{run.model(), "\"falx\":"},
          {run.checkpoint(), "\"falx_checkpoint\":"},
          {run.config(), "\"checkpoint-minutes\":"},
          {run.conv_choices(), "\"format_version\":"},
          {run.history(), "epoch,train_loss,"},
          {run.predictions(), "image,file,patient,study,series,position_mm,order,p_"},
          {run.split(), "patient,fold"},
          {run.rejected(), "file,kind,code,detail"},
          {run.report(), "<span>Falx</span> Training run"}};
}

train::TrainConfig new_config(const TrainOptions& options) {
  if (options.config_file.empty()) return train::resolve(options.config);
  const train::TrainConfig base = train::read_train_config(options.config_file);
  return train::resolve(train::merge(base, options.config, options.given));
}

train::TrainConfig resumed_config(const TrainOptions& options, const train::RunDirectory& run) {
  if (options.overwrite) throw UsageError("--resume and --overwrite exclude each other");
  if (!options.config_file.empty()) throw UsageError("--resume takes its options from the run, not from --config");
  if (!std::filesystem::exists(run.config())) {
    throw UsageError(run.path.string() + " holds no run to resume: there is no config.json");
  }
  return train::resumed(train::read_train_config(run.config()), options.config, options.given);
}

/// A switch that the network does not have is not passed over in silence.
void check_recompute(const train::TrainConfig& config, const std::set<std::string>& given) {
  using models::ModelEntry;
  if (!given.contains("recompute") || models::find_model(config.model).can_recompute) return;
  throw UsageError(fmt::format("--recompute and --no-recompute are for {}: {} has nothing to recompute",
                               models::model_names(&ModelEntry::can_recompute), config.model));
}

/// Read before the data: a wrong number should not cost the wait for them.
void check_split_file(const train::TrainConfig& config) {
  if (config.split.empty()) return;
  const train::Split split = train::read_split(config.split);
  as_usage([&] { train::check_fold(split, config); });
}

train::DatasetProgress until_stopped(const train::DatasetProgress& progress) {
  return [progress](std::string_view what, std::size_t done, std::size_t total) {
    Interruption::stop_if_requested();
    progress(what, done, total);
  };
}

/// An epoch a line on standard output; the bar on standard error.
class Printer : public train::TrainingObserver {
 public:
  Printer(const train::TrainConfig& config, const CommonOptions& options, Progress& progress)
      : epochs_(config.epochs), json_(options.json), quiet_(options.quiet), progress_(progress) {}

  void timed_convolutions(std::int64_t done, std::int64_t total) override {
    progress_.update("timing convolutions", done, total, "passes");
  }
  void tuned_convolutions(const train::TunedConvolutions& tuned) override {
    if (!quiet_) progress_.message("convolutions: " + describe(tuned));
  }
  void trained(int epoch, std::int64_t done, std::int64_t total, double loss) override {
    trained_anything_ = true;
    progress_.update(fmt::format("epoch {}/{}", epoch, epochs_), done, total, "images",
                     std::isnan(loss) ? "" : fmt::format("loss {:.4f}", loss));
  }
  void validated(int epoch, std::int64_t done, std::int64_t total) override {
    progress_.update(fmt::format("validation {}/{}", epoch, epochs_), done, total, "images");
  }
  void skipped_update(int epoch, std::int64_t step) override {
    progress_.message(
        fmt::format("falx train: epoch {}, step {}: the gradient is not finite, the update was skipped", epoch, step));
  }
  void finished_epoch(const train::HistoryRow& row, bool best) override {
    trained_anything_ = true;
    progress_.clear();
    if (json_) {
      std::printf("%s\n", train::history_json(row).c_str());
    } else {
      print_header();
      const std::string auc = row.auc[0] ? fmt::format("{:.4f}", *row.auc[0]) : "-";
      std::printf("%s\n", fmt::format("{:>5}  {:>10.5f}  {:>15.5f}  {:>11.5f}  {:>7}  {:>8}{}", row.epoch,
                                      row.train_loss, row.weighted_log_loss, row.class_prior, auc,
                                      format_duration(row.seconds), best ? "  best" : "")
                              .c_str());
    }
    std::fflush(stdout);
  }

  /// False after resuming a run that had ended.
  bool trained_anything() const { return trained_anything_; }

 private:
  /// The validation loss is the weighted log loss; history.csv has both.
  void print_header() {
    if (header_printed_) return;
    std::printf("epoch  train loss  validation loss  class prior  AUC any      time\n");
    header_printed_ = true;
  }

  int epochs_;
  bool json_, quiet_, header_printed_ = false, trained_anything_ = false;
  Progress& progress_;
};

/// Of a resumed run that had ended.
std::string nothing_left(const train::TrainingRun& run, train::Ended ended) {
  if (ended == train::Ended::early) return "nothing is left to do: the run ended early";
  return fmt::format("nothing is left to do: {} of {} epochs are trained; a larger --epochs goes on",
                     run.history().size(), run.config().epochs);
}

void print_summary(const train::TrainingRun& run, const train::RunDirectory& directory, train::Ended ended) {
  const train::HistoryRow& best = run.history().at(static_cast<std::size_t>(run.best_epoch() - 1));
  if (ended == train::Ended::early) {
    std::printf("ended early: no better validation loss for %d epochs\n", run.config().patience);
  }
  std::printf("best epoch %d: weighted log loss %.5f on validation, class prior %.5f%s\n", best.epoch,
              best.weighted_log_loss, best.class_prior, run.dataset().by_patient ? "" : " (not split by patient)");
  const std::string verdict = train::worse_than_prior(best.weighted_log_loss, best.class_prior);
  if (!verdict.empty()) std::printf("%s\n", verdict.c_str());
  std::printf("model   %s\nreport  %s\n", directory.model().c_str(), directory.report().c_str());
}

int run_train(const TrainOptions& options, Progress& progress) {
  const train::RunDirectory directory{options.out};
  const train::TrainConfig config =
      as_usage([&] { return options.resume ? resumed_config(options, directory) : new_config(options); });
  check_recompute(config, options.given);
  if (config.threads > 0) nn::set_thread_count(config.threads);
  // Asked first: a GPU that is not there should not cost the wait for the data.
  choose_compute(config.compute, train::Work::training);
  const auto check_out = [&] {
    if (options.resume) return;
    check_output(options.out, own_files(directory), options.overwrite,
                 "give --resume to go on with it, or --overwrite");
  };
  check_out();
  check_split_file(config);
  train::check_run_space(config, directory);
  const OutputLock lock(options.out);
  check_out();  // again: another run may have ended in it before it was locked

  train::TrainingRun run(config, directory, options.id_key, until_stopped(progress.loading()),
                         options.resume ? train::Start::from_checkpoint : train::Start::anew,
                         disk_cache(options.cache));
  Interruption::stop_if_requested();
  std::set<std::string> warned;
  const auto warn = [&] {  // of what was not said before
    for (const std::string& line : run.warnings()) {
      if (warned.insert(line).second) progress.message("falx train: warning: " + line);
    }
  };
  warn();
  if (!run.weights_loaded().empty() && !options.common.quiet) progress.message("weights " + run.weights_loaded());

  if (!options.resume) prepare_output(options.out, own_files(directory));
  Printer printer(config, options.common, progress);
  const train::Ended ended = run.train(printer, &Interruption::requested);
  progress.clear();
  warn();  // the disk of the cache may be full by now
  if (ended == train::Ended::interrupted) {
    progress.message("falx train: stopped; go on with: falx train --resume --out " + options.out.string());
    return Interruption::exit_code();
  }
  if (!printer.trained_anything()) progress.message("falx train: " + nothing_left(run, ended));
  io::write_file_atomically(directory.report(), run_report_html(make_run_report(run, directory)));
  if (!options.common.json) print_summary(run, directory, ended);
  const std::size_t rejected = train::count(run.dataset().rejected, io::RejectedFile::Kind::rejected);
  if (rejected == 0) return done;
  progress.message(fmt::format("falx train: rejected files: {}, see {}", rejected, directory.rejected().string()));
  return done_with_rejected;
}

int run_until_stopped(const TrainOptions& options) {
  Progress progress(options.common.quiet);
  const Interruption interruption;
  try {
    return run_train(options, progress);
  } catch (const Stopped&) {
    progress.message(std::string("falx train: stopped while reading the data; ") +
                     (options.resume ? "the run is as it was" : "nothing was written"));
    return Interruption::exit_code();
  }
}

}  // namespace

void add_train(CLI::App& program, Selected& selected) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command = program.add_subcommand("train", "Learn from labelled images");
  command->footer(
      "Examples:\n"
      "  falx train --images DATA/stage_2_train --labels DATA/stage_2_train.csv --out RUN\n"
      "  falx train ... --model densenet121 --weights densenet121.safetensors --out RUN\n"
      "  falx train --resume --out RUN\n"
      "Resuming needs nothing else; only --threads, --device, --quiet and more --epochs may differ. The learning rate\n"
      "then follows the schedule of a run with that many epochs from the next step on.");
  add_train_options(*command, *options);
  command->callback([&selected, options, command] {
    options->config.seed = options->common.seed;
    options->config.threads = options->common.threads;
    options->given = given_options(*command);
    selected.run = [options] { return run_until_stopped(*options); };
  });
}

}  // namespace apps
