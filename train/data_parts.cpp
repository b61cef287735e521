#include "train/data_parts.h"

#include <string>

#include "nn/core/error.h"
#include "train/data/pseudonym.h"

namespace train {
namespace {

Split make_split(const Dataset& dataset, const std::vector<std::size_t>& images, const TrainConfig& config,
                 std::string_view id_key) {
  if (!config.split.empty()) {
    Split split = read_split(config.split);
    check_fold(split, config);
    return split;
  }
  std::vector<std::string> patients;
  std::vector<ImageLabels> labels;
  for (const std::size_t i : images) {
    patients.push_back(dataset.images[i].patient);
    labels.push_back(dataset.images[i].labels);
  }
  const SplitOptions options{.seed = config.split_seed, .id_key = id_key};
  if (config.folds > 0) return split_into_folds(patients, labels, config.folds, options);
  return split_off_validation(patients, labels, config.validation, options);
}

std::vector<SplitMember> members(const Dataset& dataset, const std::vector<std::size_t>& images) {
  std::vector<SplitMember> list;
  for (const std::size_t i : images) {
    const DatasetImage& image = dataset.images[i];
    list.push_back({.image = image.id, .patient = image.patient, .study = image.study});
  }
  return list;
}

}  // namespace

void check_fold(const Split& split, const TrainConfig& config) {
  NN_CHECK(config.fold >= 0 && config.fold < split.folds, "--fold ", config.fold, ": ", config.split,
           " has the folds 0 to ", split.folds - 1);
}

DataParts split_dataset(const Dataset& dataset, const TrainConfig& config, std::string_view id_key) {
  const std::vector<std::size_t> images = dataset.labelled();
  NN_CHECK(!images.empty(), config.images, ": no image has a label in ", config.labels);
  DataParts parts{.split = make_split(dataset, images, config, id_key), .training = {}, .validation = {}};
  for (const std::size_t i : images) {
    const int fold = parts.split.fold_of(pseudonym(dataset.images[i].patient, id_key));
    (fold == config.fold ? parts.validation : parts.training).push_back(i);
  }
  NN_CHECK(!parts.training.empty() && !parts.validation.empty(), config.images, ": ", images.size(),
           " labelled images give ", parts.training.size(), " for training and ", parts.validation.size(),
           " for validation; both parts need some (is there more than one patient?)");
  check_no_leak(members(dataset, parts.training), members(dataset, parts.validation));
  return parts;
}

}  // namespace train
