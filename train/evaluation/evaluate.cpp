#include "train/evaluation/evaluate.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/files/csv.h"
#include "nn/core/error.h"
#include "train/ensemble/ensemble_directory.h"
#include "train/model_file.h"

namespace train {
namespace {

using nlohmann::ordered_json;

/// Both tables say `p`; only predictions.csv has the column `image`.
PredictionTable read_either(const std::filesystem::path& path) {
  const io::CsvReader csv(path);
  NN_CHECK(csv.find_column("image") || csv.find_column("ID"), csv.name(),
           ":1: expected predictions.csv (columns image,...,p_any,...) or submission.csv (columns ID,Label)");
  return csv.find_column("image") ? read_prediction_table(path) : PredictionTable{{}, read_submission(path)};
}

/// submission.csv and the challenge's labels have one form, and a network is hardly ever so sure.
bool looks_like_labels(const PredictionTable& table, const std::filesystem::path& path) {
  if (io::CsvReader(path).find_column("image")) return false;
  return std::all_of(table.rows.begin(), table.rows.end(), [](const Prediction& row) {
    return std::all_of(row.probability.begin(), row.probability.end(), [](double p) { return p == 0 || p == 1; });
  });
}

/// From an ensemble or a model, which also say whether the data were split by patient, or from a table of labels.
void read_prior(const std::filesystem::path& path, const LabelOptions& options, Evaluation& evaluation) {
  if (is_ensemble(path)) {
    const Ensemble ensemble = read_ensemble(path);
    evaluation.prior = class_prior(ensemble);
    for (const Member& member : ensemble.members) {
      for (const ModelFile& model : member.models) evaluation.by_patient &= model.description.by_patient;
    }
    return;
  }
  const bool is_model = std::filesystem::is_directory(path) || path.extension() == ".safetensors";
  if (!is_model) {
    evaluation.prior = prevalence(read_labels(path, options).labels);
    return;
  }
  const ModelDescription model = read_model_description(path);
  evaluation.prior = model.class_prior;
  evaluation.by_patient = model.by_patient;
}

ordered_json number(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr); }
ordered_json number(const std::optional<double>& value) { return value ? number(*value) : ordered_json(nullptr); }

const char* prior_source(const Evaluation& evaluation) {
  return evaluation.prior_is_of_evaluated ? "the evaluated images" : "the training part";
}

std::string cell(const std::optional<double>& value) { return value ? fmt::format("{:.4f}", *value) : "-"; }

std::string table_row(const std::string& label, const LabelScores& model, const LabelScores& prior) {
  return fmt::format("{:<18}{:>10}{:>9}{:>11}{:>13}{:>9}\n", label, model.positives, model.known(),
                     cell(model.log_loss), cell(prior.log_loss), cell(model.auc));
}

std::string mean_row(const std::string& name, double model, double prior) {
  return fmt::format("{:<37}{:>11.4f}{:>13.4f}\n", name, model, prior);
}

void write_roc(const std::filesystem::path& path, const Evaluation& evaluation) {
  io::CsvWriter csv(path, {"label", "false_positive_rate", "true_positive_rate", "threshold"});
  for (int i = 0; i < io::label_count; ++i) {
    for (const RocPoint& point : roc_curve(known_pairs(evaluation.predictions, evaluation.labels, i))) {
      // The curve begins above every threshold.
      const double threshold = std::isfinite(point.threshold) ? point.threshold : std::nan("");
      csv.row(io::label_names[static_cast<std::size_t>(i)], point.false_positive_rate, point.true_positive_rate,
              threshold);
    }
  }
  csv.finish();
}

void write_calibration(const std::filesystem::path& path, const Evaluation& evaluation) {
  io::CsvWriter csv(path, {"label", "lower", "upper", "count", "mean_probability", "observed_share"});
  for (int i = 0; i < io::label_count; ++i) {
    for (const CalibrationBin& bin : calibration_bins(known_pairs(evaluation.predictions, evaluation.labels, i))) {
      csv.row(io::label_names[static_cast<std::size_t>(i)], bin.lower, bin.upper, bin.count, bin.mean_probability,
              bin.observed_share);
    }
  }
  csv.finish();
}

}  // namespace

Evaluation evaluate(const EvaluateOptions& options) {
  PredictionTable table = read_either(options.predictions);
  const LabelTable labels = read_labels(options.labels, options.label_options);
  Evaluation evaluation;
  evaluation.looks_like_labels = looks_like_labels(table, options.predictions);
  evaluation.without_labels = static_cast<std::int64_t>(
      std::erase_if(table.rows, [&](const Prediction& row) { return labels.find(row.image) == nullptr; }));
  for (const Prediction& row : table.rows) {
    evaluation.predictions.push_back(row.probability);
    evaluation.labels.push_back(*labels.find(row.image));
  }
  NN_CHECK(!evaluation.labels.empty(), options.predictions.string(), " and ", options.labels.string(),
           " have no image in common: expected the labels of the predicted images");
  const std::size_t scored = evaluation.labels.size();
  evaluation.without_prediction = static_cast<std::int64_t>(labels.ids.size() - scored);
  evaluation.prior_is_of_evaluated = options.prior.empty();
  if (options.prior.empty()) {
    evaluation.prior = prevalence(evaluation.labels);
  } else {
    read_prior(options.prior, options.label_options, evaluation);
  }
  evaluation.scores = score(evaluation.predictions, evaluation.labels);
  evaluation.baseline = score_class_prior(evaluation.prior, evaluation.labels);
  evaluation.members = evaluate_members(table.members, table.rows, evaluation.labels,
                                        options.predictions.parent_path() / "members.csv", options.bootstrap);
  return evaluation;
}

std::string evaluation_table(const Evaluation& evaluation) {
  const Scores &model = evaluation.scores, &prior = evaluation.baseline;
  std::string table = fmt::format("{:<18}{:>10}{:>9}{:>11}{:>13}{:>9}\n", "label", "positives", "images", "log loss",
                                  "class prior", "AUC");
  for (std::size_t i = 0; i < io::label_count; ++i) {
    table += table_row(std::string(io::label_names[i]), model.label[i], prior.label[i]);
  }
  table += mean_row("weighted log loss", model.weighted_log_loss, prior.weighted_log_loss);
  table += mean_row("mean log loss", model.mean_log_loss, prior.mean_log_loss);
  table +=
      fmt::format("{} images scored. Class prior: the prevalence of {}.\n", model.images, prior_source(evaluation));
  const std::string verdict = worse_than_prior(model.weighted_log_loss, prior.weighted_log_loss);
  if (!verdict.empty()) table += verdict + "\n";
  if (!evaluation.by_patient) table += "The model's training and validation parts were not split by patient.\n";
  if (evaluation.without_labels > 0) {
    table += fmt::format("{} predictions have no labels and were not scored.\n", evaluation.without_labels);
  }
  if (evaluation.without_prediction > 0) {
    table += fmt::format("{} labelled images have no prediction and were not scored.\n", evaluation.without_prediction);
  }
  const std::string members = member_table_text(evaluation.members, model);
  return members.empty() ? table : table + "\n" + members;
}

std::string evaluation_json(const Evaluation& evaluation) {
  const Scores &model = evaluation.scores, &prior = evaluation.baseline;
  ordered_json labels;
  for (std::size_t i = 0; i < io::label_count; ++i) {
    const LabelScores& label = model.label[i];
    labels[std::string(io::label_names[i])] = {{"positives", label.positives},
                                               {"negatives", label.negatives},
                                               {"unknown", label.unknown},
                                               {"log_loss", number(label.log_loss)},
                                               {"class_prior_log_loss", number(prior.label[i].log_loss)},
                                               {"auc", number(label.auc)},
                                               {"prior", evaluation.prior[i]}};
  }
  ordered_json object = {{"images", model.images},
                         {"weighted_log_loss", number(model.weighted_log_loss)},
                         {"mean_log_loss", number(model.mean_log_loss)},
                         {"class_prior",
                          {{"weighted_log_loss", number(prior.weighted_log_loss)},
                           {"mean_log_loss", number(prior.mean_log_loss)},
                           {"prevalence_of", prior_source(evaluation)}}},
                         {"split_by_patient", evaluation.by_patient},
                         {"labels", labels},
                         {"predictions_without_labels", evaluation.without_labels},
                         {"labelled_without_prediction", evaluation.without_prediction}};
  object.update(ordered_json::parse(member_table_json(evaluation.members)));
  return object.dump();
}

void write_evaluation(const std::filesystem::path& directory, const Evaluation& evaluation) {
  io::write_file_atomically(directory / "evaluation.json", evaluation_json(evaluation) + "\n");
  write_roc(directory / "roc.csv", evaluation);
  write_calibration(directory / "calibration.csv", evaluation);
}

}  // namespace train
