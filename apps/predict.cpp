// falx predict: probabilities for images that have none yet.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "apps/cache_options.h"
#include "apps/commands.h"
#include "apps/interruption.h"
#include "apps/json_line.h"
#include "apps/output_directory.h"
#include "apps/output_lock.h"
#include "apps/predict_report.h"
#include "apps/progress.h"
#include "apps/report/counted.h"
#include "apps/staged_output.h"
#include "io/files/atomic_file.h"
#include "train/data/rejected.h"
#include "train/ensemble/ensemble_directory.h"
#include "train/evaluation/member_table.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> models;
  std::string rule, augmentation;  // empty: the ensemble's own, else mean and none
  train::PredictOptions predict;
  fs::path out, submission_template;
  bool overwrite = false;
  train::ComputeOptions compute;
  CacheOptions cache;
  CommonOptions common;
};

struct OutputFiles {
  fs::path submission, predictions, members, studies, rejected, report;

  explicit OutputFiles(const fs::path& out)
      : submission(out / "submission.csv"),
        predictions(out / "predictions.csv"),
        members(out / "members.csv"),
        studies(out / "studies.csv"),
        rejected(out / "rejected.csv"),
        report(out / "report.html") {}
  std::vector<OwnFile> own() const {
    return {{submission, "ID,Label"},
            {predictions, "image,file,patient,study,series,position_mm,order,context,"},
            {members, "member,network,models,"},
            {studies, "study,series,p_"},
            {rejected, "file,kind,code,detail"},
            {report, "<span>Falx</span> Prediction"}};
  }
};

/// An ensemble directory, or the models given one by one.
train::Ensemble read_models(const Options& options) {
  train::Ensemble ensemble;
  if (options.models.size() == 1 && train::is_ensemble(options.models.front())) {
    ensemble = train::read_ensemble(options.models.front());
  } else {
    for (const std::string& model : options.models) {
      if (train::is_ensemble(model)) throw UsageError(model + " is an ensemble: give it as the only --model");
      ensemble.members.push_back(train::read_member(model));
    }
  }
  if (!options.rule.empty()) ensemble.rule = train::ensemble_rule(options.rule);
  if (ensemble.rule == train::EnsembleRule::fitted && ensemble.weights.empty()) {
    throw UsageError("--ensemble fitted needs weights: give the directory that falx ensemble wrote as --model");
  }
  if (!options.augmentation.empty()) ensemble.augmentation = train::test_time_augmentation(options.augmentation);
  ensemble.check();
  return ensemble;
}

std::string json_of(const train::Prediction& row, const std::vector<std::string>& members) {
  nlohmann::ordered_json object = {{"image", row.image},   {"file", row.file},   {"study", row.study},
                                   {"series", row.series}, {"order", row.order}, {"context", row.context}};
  const auto add = [&](const std::string& prefix, const train::Probabilities& probability) {
    for (std::size_t i = 0; i < probability.size(); ++i) {
      object[prefix + std::string(io::label_names[i])] = probability[i];
    }
  };
  add("p_", row.probability);
  for (std::size_t m = 0; m < members.size(); ++m) add(members[m] + "_p_", row.by_member[m]);
  if (!members.empty()) object["disagreement"] = train::disagreement(row);
  return json_line(object);
}

using Template = std::optional<std::vector<train::TemplateRow>>;

train::TemplateCounts write_submission(const OutputFiles& files, const Template& rows, const train::PredictionRun& run,
                                       const train::Ensemble& ensemble) {
  if (!rows) {
    train::write_submission(files.submission, run.predictions);
    return {};
  }
  return train::write_submission(files.submission, run.predictions, *rows, train::class_prior(ensemble));
}

train::TemplateCounts write_files(const OutputFiles& files, const Template& rows, const train::PredictionRun& run,
                                  const train::Ensemble& ensemble, train::SliceCache& cache) {
  train::write_predictions(files.predictions, run.predictions, run.members);
  if (!run.members.empty()) train::write_member_table(files.members, train::member_rows(ensemble));
  train::write_studies(files.studies, run.studies);
  train::write_rejected(files.rejected, run.dataset.rejected);
  io::write_file_atomically(files.report, study_report_html(make_study_report(run, ensemble, cache)));
  return write_submission(files, rows, run, ensemble);
}

void print_studies(const train::PredictionRun& run) {
  std::size_t width = 5;
  for (const train::StudyPrediction& row : run.studies) width = std::max(width, row.study.size());
  std::string text = fmt::format("{:<{}}  images     any     epi  intrap  intrav  subara  subdur\n", "study", width);
  for (const train::StudyPrediction& row : run.studies) {
    if (!row.is_study) continue;
    text += fmt::format("{:<{}}  {:>6}", row.study.empty() ? "-" : row.study, width, row.images);
    for (const double p : row.probability) text += fmt::format("  {:>6.3f}", p);
    text += '\n';
  }
  std::fputs(text.c_str(), stdout);
}

/// "2 members (mean); disagreement 0.021 in the mean, largest 0.310 on image ID_1".
void print_ensemble(const train::PredictionRun& run, const train::Ensemble& ensemble) {
  if (run.members.empty()) return;
  double sum = 0;
  const train::Prediction* most = &run.predictions.front();
  for (const train::Prediction& row : run.predictions) {
    sum += train::disagreement(row);
    if (train::disagreement(row) > train::disagreement(*most)) most = &row;
  }
  fmt::print("{} members ({}); disagreement {:.3f} in the mean, largest {:.3f} on image {}\n", run.members.size(),
             train::name(ensemble.rule), sum / static_cast<double>(run.predictions.size()), train::disagreement(*most),
             most->image);
}

void print_result(const Options& options, const OutputFiles& files, const train::PredictionRun& run,
                  const train::Ensemble& ensemble, const train::TemplateCounts& counts) {
  if (options.common.json) {
    for (const train::Prediction& row : run.predictions) std::printf("%s\n", json_of(row, run.members).c_str());
    return;
  }
  print_studies(run);
  print_ensemble(run, ensemble);
  if (!options.submission_template.empty()) {
    std::printf(
        "template: %lld images, %lld of them without a prediction have the class prior; %lld predictions are "
        "not in it\n",
        static_cast<long long>(counts.images), static_cast<long long>(counts.filled_with_prior),
        static_cast<long long>(counts.not_in_template));
  }
  std::printf("report  %s\n", files.report.c_str());
  using Kind = io::RejectedFile::Kind;
  std::printf("%s predicted, %s rejected, %zu skipped\n", counted(run.predictions.size(), "image", "images").c_str(),
              counted(train::count(run.dataset.rejected, Kind::rejected), "file", "files").c_str(),
              train::count(run.dataset.rejected, Kind::skipped));
}

/// Predicts; throws Stopped at the next file or batch after a signal.
train::PredictionRun predict(const train::Ensemble& ensemble, train::PredictOptions options, train::SliceCache& cache,
                             Progress& progress) {
  options.loading = [&, show = progress.loading()](std::string_view what, std::size_t done, std::size_t total) {
    Interruption::stop_if_requested();
    show(what, done, total);
  };
  train::PredictionRun run = train::predict(ensemble, options, cache, [&](std::int64_t images, std::int64_t total) {
    Interruption::stop_if_requested();
    progress.update("predicting", images, total, "images");
    return true;
  });
  progress.clear();
  return run;
}

int run_predict(const Options& options, Progress& progress) {
  const OutputFiles files(options.out);
  const std::vector<OwnFile> own = files.own();
  check_output(options.out, own, options.overwrite);
  const OutputLock lock(options.out);
  check_output(options.out, own, options.overwrite);  // again: before it was locked another may have written to it
  train::PredictOptions predict_options = options.predict;
  predict_options.compute = choose_compute(options.compute);
  use_conv(options.compute.conv);
  predict_options.kept_conv_choices = options.compute.conv.empty() && options.compute.precision == "f32";
  const train::Ensemble ensemble = read_models(options);
  Template rows;  // read first: a wrong template should not cost the wait for predictions
  if (!options.submission_template.empty()) rows = train::read_template(options.submission_template);

  train::SliceCache cache(train::SliceCache::default_capacity, disk_cache(options.cache));
  const train::PredictionRun run = predict(ensemble, predict_options, cache, progress);
  Interruption::stop_if_requested();
  if (cache.disk() != nullptr && !cache.disk()->warning().empty()) {
    progress.message("falx predict: warning: " + cache.disk()->warning());
  }

  // From here on results are written whole, signal or not.
  StagedOutput staged(options.out, own);
  const train::TemplateCounts counts = write_files(OutputFiles(staged.path()), rows, run, ensemble, cache);
  staged.commit();
  print_result(options, files, run, ensemble, counts);
  if (Interruption::requested()) return Interruption::exit_code();
  const std::size_t rejected = train::count(run.dataset.rejected, io::RejectedFile::Kind::rejected);
  if (rejected == 0) return done;
  if (options.common.json) {  // the text's last line counts them
    progress.message(fmt::format("falx predict: rejected files: {}, see {}", rejected, files.rejected.string()));
  }
  return done_with_rejected;
}

int run_until_stopped(const Options& options) {
  Progress progress(options.common.quiet);
  const Interruption interruption;
  try {
    return run_predict(options, progress);
  } catch (const Stopped&) {
    progress.message("falx predict: stopped; nothing was written");
    return Interruption::exit_code();
  }
}

}  // namespace

void add_predict(CLI::App& program, Selected& selected) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("predict", "Probabilities for images, with trained models");
  command->footer(
      "Examples:\n"
      "  falx predict --model RUN --input DIR --out PREDICTIONS\n"
      "  falx predict --model RUN_A --model RUN_B --ensemble mean --tta flip --input DIR --out PREDICTIONS");
  command
      ->add_option("--model", options->models,
                   "A run, a model.safetensors, or an ensemble; repeat for several, each a member")
      ->allow_extra_args(false)
      ->required();
  command
      ->add_option("--ensemble", options->rule,
                   "How members' answers become one; fitted: by the weights that falx ensemble found "
                   "(default: what its directory says, else mean)")
      ->check(CLI::IsMember({"mean", "logit-mean", "fitted"}));
  command
      ->add_option("--tta", options->augmentation,
                   "Mean over views of each image: flip: 2, flip-shift: 6 (default: the ensemble's, else none)")
      ->check(CLI::IsMember({"none", "flip", "flip-shift"}));
  command->add_option("--input", options->predict.input, "A directory, searched recursively, or one file")->required();
  command->add_option("--out", options->out, "Directory for the results")->required();
  command->add_option("--template", options->submission_template,
                      "CSV whose ids and order submission.csv takes; images without a prediction get the class prior");
  command->add_option("--batch", options->predict.batch, "Images at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--id-key", options->predict.id_key, "Secret key of the patient pseudonyms");
  command->add_flag("--overwrite", options->overwrite, "Replace the results in --out");
  add_cache(*command, options->cache);
  add_compute(*command, options->compute);
  add_threads(*command, options->common);
  add_quiet(*command, options->common);
  add_json(*command, options->common);
  command->callback([&selected, options] { selected.run = [options] { return run_until_stopped(*options); }; });
}

}  // namespace apps
