// falx evaluate: predictions against labels.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "apps/commands.h"
#include "apps/output_directory.h"
#include "apps/report/evaluation_report.h"
#include "io/files/atomic_file.h"
#include "train/evaluation/evaluate.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

struct Options {
  train::EvaluateOptions evaluate;
  fs::path out;
  bool overwrite = false;
  CommonOptions common;
};

/// Without --prior, a model beside the predictions (both are in a run directory) says what its training part was like.
fs::path prior_of(const train::EvaluateOptions& options) {
  const fs::path beside = options.predictions.parent_path() / "model.safetensors";
  return options.prior.empty() && fs::exists(beside) ? beside : options.prior;
}

void check_not_the_same(const train::EvaluateOptions& options) {
  std::error_code ignored;  // what cannot be found is said when it is read
  if (!fs::equivalent(options.predictions, options.labels, ignored)) return;
  throw UsageError("--predictions and --labels are both " + options.labels.string() +
                   ": labels would be scored against themselves");
}

std::vector<OwnFile> own_files(const fs::path& out) {
  return {{out / "evaluation.json", "\"weighted_log_loss\":"},
          {out / "roc.csv", "label,false_positive_rate,"},
          {out / "calibration.csv", "label,lower,upper,"},
          {out / "report.html", "<span>Falx</span> Evaluation"}};
}

void write_results(const Options& options, const train::Evaluation& evaluation) {
  prepare_output(options.out, own_files(options.out));
  train::write_evaluation(options.out, evaluation);
  io::write_file_atomically(options.out / "report.html",
                            evaluation_report_html(options.evaluate.predictions.string(), evaluation));
}

int run_evaluate(Options options) {
  if (!options.out.empty()) check_output(options.out, own_files(options.out), options.overwrite);
  check_not_the_same(options.evaluate);
  options.evaluate.prior = prior_of(options.evaluate);
  options.evaluate.bootstrap.seed = options.common.seed;
  const train::Evaluation evaluation = train::evaluate(options.evaluate);
  if (evaluation.looks_like_labels) {
    std::fprintf(stderr, "falx evaluate: warning: every value of %s is 0 or 1: is it a file of labels?\n",
                 options.evaluate.predictions.c_str());
  }
  if (!options.out.empty()) write_results(options, evaluation);
  const std::string text =
      options.common.json ? train::evaluation_json(evaluation) + "\n" : train::evaluation_table(evaluation);
  std::fputs(text.c_str(), stdout);
  return done;
}

}  // namespace

void add_evaluate(CLI::App& program, Selected& selected) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("evaluate", "Score predictions against labels, beside the class prior");
  command->footer(
      "Examples:\n"
      "  falx evaluate --predictions RUN/predictions.csv --labels stage_2_train.csv\n"
      "  falx evaluate --predictions OUT/submission.csv --labels stage_2_test_labels.csv --prior RUN --out SCORES");
  train::EvaluateOptions& evaluate = options->evaluate;
  command->add_option("--predictions", evaluate.predictions, "predictions.csv or submission.csv")->required();
  command->add_option("--labels", evaluate.labels, "Labels of the same images, in the long or the wide form")
      ->required();
  command->add_option(
      "--prior", evaluate.prior,
      "Source of the class prior: a run, a model file, an ensemble, or a CSV of the training part's labels "
      "(default: model.safetensors beside the predictions, else the evaluated images)");
  command->add_option("--out", options->out,
                      "Also write evaluation.json, roc.csv, calibration.csv and report.html here");
  command->add_flag("--overwrite", options->overwrite, "Replace what an earlier run wrote to --out");
  command->add_flag("--soft-labels", evaluate.label_options.soft_labels, "Accept labels between 0 and 1");
  command
      ->add_option_function<std::string>(
          "--missing-labels",
          [&evaluate](const std::string& choice) { evaluate.label_options.mask_missing = choice == "mask"; },
          "What a missing label row is: an error, or unknown (mask)")
      ->check(CLI::IsMember({"error", "mask"}));
  command
      ->add_option("--resamples", evaluate.bootstrap.resamples,
                   "Bootstrap resamples of the patients, for an ensemble's difference from its best member")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  add_seed(*command, options->common);
  add_json(*command, options->common);
  command->callback([&selected, options] { selected.run = [options] { return run_evaluate(*options); }; });
}

}  // namespace apps
