// falx predict: probabilities for images that have none yet.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "apps/commands.h"
#include "apps/interruption.h"
#include "apps/output_directory.h"
#include "apps/predict_report.h"
#include "apps/progress.h"
#include "io/files/atomic_file.h"
#include "train/rejected.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> models;
  train::PredictOptions predict;
  fs::path out, submission_template;
  bool overwrite = false;
  CommonOptions common;
};

struct OutputFiles {
  fs::path submission, predictions, studies, rejected, report;

  explicit OutputFiles(const fs::path& out)
      : submission(out / "submission.csv"),
        predictions(out / "predictions.csv"),
        studies(out / "studies.csv"),
        rejected(out / "rejected.csv"),
        report(out / "report.html") {}
  std::vector<fs::path> all() const { return {submission, predictions, studies, rejected, report}; }
};

std::string json_line(const train::Prediction& row) {
  nlohmann::ordered_json object = {{"image", row.image},   {"file", row.file},   {"study", row.study},
                                   {"series", row.series}, {"order", row.order}, {"context", row.context}};
  for (std::size_t i = 0; i < row.probability.size(); ++i) {
    object["p_" + std::string(io::label_names[i])] = row.probability[i];
  }
  // File names hold whatever bytes they hold; what is no UTF-8 is replaced.
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

using Template = std::optional<std::vector<train::TemplateRow>>;

train::TemplateCounts write_submission(const OutputFiles& files, const Template& rows, const train::PredictionRun& run,
                                       const train::ModelFile& model) {
  if (!rows) {
    train::write_submission(files.submission, run.predictions);
    return {};
  }
  return train::write_submission(files.submission, run.predictions, *rows, model.description.class_prior);
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

void print_result(const Options& options, const OutputFiles& files, const train::PredictionRun& run,
                  const train::TemplateCounts& counts) {
  if (options.common.json) {
    for (const train::Prediction& row : run.predictions) std::printf("%s\n", json_line(row).c_str());
    return;
  }
  print_studies(run);
  if (!options.submission_template.empty()) {
    std::printf(
        "template: %lld images, %lld of them without a prediction have the class prior; %lld predictions are "
        "not in it\n",
        static_cast<long long>(counts.images), static_cast<long long>(counts.filled_with_prior),
        static_cast<long long>(counts.not_in_template));
  }
  std::printf("report  %s\n", files.report.c_str());
  std::printf("%zu images predicted, %zu files rejected, %zu skipped\n", run.predictions.size(),
              train::count(run.dataset.rejected, io::RejectedFile::Kind::rejected),
              train::count(run.dataset.rejected, io::RejectedFile::Kind::skipped));
}

int run_predict(const Options& options) {
  if (options.models.size() > 1) throw UsageError("one --model is expected: ensembles are not there yet");
  check_output(options.out, options.overwrite);
  const train::ModelFile model = train::read_model(options.models.front());
  Template rows;  // read first: a wrong template should not cost the wait for predictions
  if (!options.submission_template.empty()) rows = train::read_template(options.submission_template);
  const OutputFiles files(options.out);

  Progress progress(options.common.quiet);
  train::SliceCache cache;
  train::PredictOptions predict = options.predict;
  predict.loading = progress.loading();
  const train::PredictionRun run = train::predict(model, predict, cache, [&](std::int64_t images, std::int64_t total) {
    progress.update("predicting", images, total, "images");
    return true;
  });
  progress.clear();

  const Interruption interruption;  // results are written whole
  prepare_output(options.out, files.all());
  train::write_predictions(files.predictions, run.predictions);
  train::write_studies(files.studies, run.studies);
  train::write_rejected(files.rejected, run.dataset.rejected);
  const train::TemplateCounts counts = write_submission(files, rows, run, model);
  io::write_file_atomically(files.report, study_report_html(make_study_report(run, model, cache)));
  print_result(options, files, run, counts);
  if (Interruption::requested()) return Interruption::exit_code();
  const std::size_t rejected = train::count(run.dataset.rejected, io::RejectedFile::Kind::rejected);
  if (rejected == 0) return done;
  if (options.common.json) {  // the text's last line counts them
    progress.message(fmt::format("falx predict: rejected files: {}, see {}", rejected, files.rejected.string()));
  }
  return done_with_rejected;
}

}  // namespace

void add_predict(CLI::App& program, Selected& selected) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("predict", "Probabilities for images, with a trained model");
  command->footer("Example:\n  falx predict --model RUN --input DIR --out PREDICTIONS");
  command->add_option("--model", options->models, "A run directory or a model.safetensors")
      ->allow_extra_args(false)
      ->required();
  command->add_option("--input", options->predict.input, "A directory, searched recursively, or one file")->required();
  command->add_option("--out", options->out, "Directory for the results")->required();
  command->add_option("--template", options->submission_template,
                      "CSV whose ids and order submission.csv takes; images without a prediction get the class prior");
  command->add_option("--batch", options->predict.batch, "Images at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--id-key", options->predict.id_key, "Secret key of the patient pseudonyms");
  command->add_flag("--overwrite", options->overwrite, "Replace the results in --out");
  add_threads(*command, options->common);
  add_quiet(*command, options->common);
  add_json(*command, options->common);
  command->callback([&selected, options] { selected.run = [options] { return run_predict(*options); }; });
}

}  // namespace apps
