#include "train/ensemble/finished_run.h"

#include <cmath>

#include "nn/core/error.h"
#include "train/evaluation/metrics.h"
#include "train/validation.h"

namespace train {
namespace {

namespace fs = std::filesystem;

void check_complete(const RunDirectory& run) {
  NN_CHECK(fs::is_directory(run.path), run.path.string(), ": no such run directory");
  for (const fs::path& file : {run.config(), run.model(), run.split(), run.predictions()}) {
    NN_CHECK(fs::is_regular_file(file), run.path.string(), " is no finished run: ", file.filename().string(),
             " is missing; train it again");
  }
  NN_CHECK(fs::is_regular_file(run.report()), run.path.string(), " is no finished run: it has no report.html yet; ",
           "finish it with falx train --resume --out ", run.path.string());
}

void check_split(const FinishedRun& run) {
  NN_CHECK(split_hash(run.split) == run.model.split_hash, run.directory.split().string(), " is not the split that ",
           run.directory.model().string(),
           " was trained with (the SHA-256 differs): what it did not train on is not known");
}

/// Every predicted image is of the fold that did not take part in training.
void check_held_out(const FinishedRun& run) {
  for (const Prediction& row : run.validation) {
    const int fold = run.split.fold_of(row.patient);
    NN_CHECK(fold == run.fold(), run.directory.predictions().string(), ": image ", row.image, " is of patient ",
             row.patient, ", on whom this network was trained (fold ", fold, " in split.csv; fold ", run.fold(),
             " was left out): it cannot be used for fitting");
  }
}

void check_logits(const FinishedRun& run) {
  for (const Prediction& row : run.validation) {
    const Probabilities expected = sigmoid(row.logit);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      NN_CHECK(std::abs(expected[i] - row.probability[i]) < 1e-6, run.directory.predictions().string(), ": image ",
               row.image, " has p_", io::label_names[i], " ", row.probability[i], ", but its logit gives ",
               expected[i]);
    }
  }
}

/// The model file states the score of its validation predictions, to the nine digits that tables have.
void check_score(const FinishedRun& run) {
  std::vector<Probabilities> probabilities;
  std::vector<ImageLabels> labels;
  for (const Prediction& row : run.validation) {
    NN_CHECK(row.labels, run.directory.predictions().string(),
             ": the columns y_any, ... of the true labels are missing");
    probabilities.push_back(row.probability);
    labels.push_back(*row.labels);
  }
  const double found = score(probabilities, labels).weighted_log_loss, stated = run.model.weighted_log_loss;
  const bool equal = std::isnan(found) ? std::isnan(stated) : std::abs(found - stated) <= 1e-6 * (1 + std::abs(stated));
  NN_CHECK(equal, run.directory.predictions().string(), " is not of ", run.directory.model().filename().string(),
           " beside it: its weighted log loss is ", found, ", the model file says ", stated);
}

}  // namespace

FinishedRun read_finished_run(const fs::path& directory) {
  FinishedRun run{.directory = {directory}, .config = {}, .model = {}, .split = {}, .validation = {}};
  check_complete(run.directory);
  run.config = read_train_config(run.directory.config());
  run.model = read_model_description(run.directory.model());
  run.split = read_split(run.directory.split());
  run.validation = read_predictions(run.directory.predictions());
  NN_CHECK(!run.validation.empty(), run.directory.predictions().string(), ": holds no prediction");
  check_split(run);
  check_held_out(run);
  check_logits(run);
  check_score(run);
  return run;
}

}  // namespace train
