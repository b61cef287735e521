#include "train/ensemble/out_of_fold.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "io/files/sha256.h"
#include "nn/core/error.h"
#include "train/ensemble/fit_weights.h"

namespace train {
namespace {

/// One out-of-fold prediction and the run that made it.
struct Found {
  const Prediction* prediction;
  const FinishedRun* run;
};
using ImageTable = std::map<std::string_view, Found>;

ImageTable union_of(const Recipe& recipe) {
  ImageTable table;
  for (const FinishedRun& run : recipe.runs) {
    for (const Prediction& row : run.validation) {
      const auto [other, is_new] = table.emplace(row.image, Found{&row, &run});
      NN_CHECK(is_new, "image ", row.image, " is in the left-out parts of ", run.name(), " and of ",
               other->second.run->name(), ", which are folds of one recipe");
    }
  }
  return table;
}

/// The run of the recipe that was trained on this patient, or nullptr if none knows him.
const FinishedRun* trained_on(const Recipe& recipe, std::string_view patient) {
  for (const FinishedRun& run : recipe.runs) {
    const auto found = run.split.fold_of_patient.find(patient);
    if (found != run.split.fold_of_patient.end() && found->second != run.fold()) return &run;
  }
  return nullptr;
}

/// `other` has no prediction of an image that `found` predicts: says why that is refused.
[[noreturn]] void refuse_image(const Found& found, const Recipe& other) {
  const Prediction& row = *found.prediction;
  if (const FinishedRun* run = trained_on(other, row.patient)) {
    throw nn::Error(nn::message("image ", row.image, " cannot be used for fitting: ", run->name(),
                                " was trained on its patient ", row.patient, ", whom ", found.run->name(),
                                " left out; members need one split: falx train --split ",
                                found.run->directory.split().string(), " --fold ", found.run->fold()));
  }
  throw nn::Error(nn::message("runs of other data: ", found.run->name(), " predicts image ", row.image, ", and member ",
                              other.name, " (", other.description(), ") does not"));
}

void check_labels(const Found& a, const Found& b) {
  const ImageLabels &first = *a.prediction->labels, &second = *b.prediction->labels;
  for (std::size_t i = 0; i < io::label_count; ++i) {
    const bool equal = first.known[i] == second.known[i] && first.value[i] == second.value[i];
    const auto text = [i](const ImageLabels& labels) {
      return labels.known[i] ? nn::message(labels.value[i]) : std::string("unknown");
    };
    NN_CHECK(equal, "runs with other labels: ", io::label_names[i], " of image ", a.prediction->image, " is ",
             text(first), " in ", a.run->directory.predictions().string(), " and ", text(second), " in ",
             b.run->directory.predictions().string());
  }
}

void check_same_images(const ImageTable& a, const Recipe& first, const ImageTable& b, const Recipe& second) {
  for (const auto& [image, found] : a) {
    const auto other = b.find(image);
    if (other == b.end()) refuse_image(found, second);
    check_labels(found, other->second);
  }
  for (const auto& [image, found] : b) {
    if (!a.contains(image)) refuse_image(found, first);
  }
}

/// Where two runs left out the same fold of the same split, they were trained on the same images.
void check_data_hashes(const Recipe& a, const Recipe& b) {
  for (const FinishedRun& first : a.runs) {
    for (const FinishedRun& second : b.runs) {
      if (first.model.split_hash != second.model.split_hash || first.fold() != second.fold()) continue;
      NN_CHECK(first.model.data_hash == second.model.data_hash, "runs of other data: ", first.name(), " and ",
               second.name(), " have one split, but the images they were trained on differ (training-data hash ",
               first.model.data_hash.substr(0, 12), " and ", second.model.data_hash.substr(0, 12), ")");
    }
  }
}

Scores score_beliefs(const OutOfFold& data, const std::vector<Belief>& beliefs) {
  std::vector<Probabilities> probabilities;
  probabilities.reserve(beliefs.size());
  for (const Belief& belief : beliefs) probabilities.push_back(belief.p);
  return score(probabilities, data.labels);
}

/// The members' beliefs of one image.
std::vector<Belief> beliefs_of(const OutOfFold& data, std::size_t image) {
  std::vector<Belief> beliefs;
  for (const std::vector<Belief>& member : data.by_member) beliefs.push_back(member[image]);
  return beliefs;
}

/// Of the images that `use` says.
std::vector<Probabilities> fit_where(const OutOfFold& data, const std::vector<bool>& use) {
  const std::size_t members = data.by_member.size();
  std::vector<Probabilities> weights(members);
  for (std::size_t label = 0; label < io::label_count; ++label) {
    std::vector<std::vector<double>> probabilities(members);
    std::vector<double> truth;
    for (std::size_t i = 0; i < data.images.size(); ++i) {
      if (!use[i] || !data.labels[i].known[label]) continue;
      truth.push_back(static_cast<double>(data.labels[i].value[label]));
      for (std::size_t m = 0; m < members; ++m) probabilities[m].push_back(data.by_member[m][i].p[label]);
    }
    const bool one_class = std::all_of(truth.begin(), truth.end(), [&](double y) { return y == truth.front(); });
    const std::vector<double> fitted = one_class ? std::vector<double>(members, 1 / static_cast<double>(members))
                                                 : fit_weights(probabilities, truth).weights;
    for (std::size_t m = 0; m < members; ++m) weights[m][label] = fitted[m];
  }
  return weights;
}

/// A fifth of the patients each, by a hash of their names: 0 to 4.
int fifth_of(const std::string& patient) { return io::hmac_sha256("fifth", patient)[0] % 5; }

Scores cross_fit(const OutOfFold& data) {
  std::vector<Belief> combined(data.images.size());
  for (int fifth = 0; fifth < 5; ++fifth) {
    std::vector<bool> use(data.images.size());
    for (std::size_t i = 0; i < use.size(); ++i) use[i] = fifth_of(data.patients[i]) != fifth;
    const std::vector<Probabilities> weights = fit_where(data, use);
    for (std::size_t i = 0; i < use.size(); ++i) {
      if (!use[i]) combined[i] = combine(EnsembleRule::fitted, beliefs_of(data, i), weights);
    }
  }
  return score_beliefs(data, combined);
}

Scores score_rule(const OutOfFold& data, EnsembleRule rule, std::span<const Probabilities> weights) {
  std::vector<Belief> combined;
  for (std::size_t i = 0; i < data.images.size(); ++i) combined.push_back(combine(rule, beliefs_of(data, i), weights));
  return score_beliefs(data, combined);
}

}  // namespace

OutOfFold join_out_of_fold(std::span<const Recipe> recipes) {
  NN_CHECK(!recipes.empty(), "[ensemble] no run");
  std::vector<ImageTable> tables;
  for (const Recipe& recipe : recipes) {
    tables.push_back(union_of(recipe));
    check_same_images(tables.front(), recipes.front(), tables.back(), recipe);
    for (const Recipe& other : recipes) check_data_hashes(recipe, other);
  }
  OutOfFold data;
  data.by_member.resize(recipes.size());
  for (const auto& [image, found] : tables.front()) {
    data.images.emplace_back(image);
    data.patients.push_back(found.prediction->patient);
    data.labels.push_back(*found.prediction->labels);
    for (std::size_t m = 0; m < tables.size(); ++m) {
      data.by_member[m].push_back(belief_of_logits(tables[m].at(image).prediction->logit));
    }
  }
  return data;
}

std::vector<Probabilities> fit_weights(const OutOfFold& data) {
  return fit_where(data, std::vector<bool>(data.images.size(), true));
}

OutOfFoldScores score_rules(const OutOfFold& data, std::span<const Probabilities> weights) {
  OutOfFoldScores scores;
  for (const std::vector<Belief>& member : data.by_member) scores.members.push_back(score_beliefs(data, member));
  scores.mean = score_rule(data, EnsembleRule::mean, {});
  scores.logit_mean = score_rule(data, EnsembleRule::logit_mean, {});
  scores.fitted = score_rule(data, EnsembleRule::fitted, weights);
  scores.cross_fitted = cross_fit(data);
  return scores;
}

EnsembleRule best_rule(const OutOfFoldScores& scores) {
  EnsembleRule best = EnsembleRule::mean;
  double smallest = scores.mean.weighted_log_loss;
  const auto consider = [&](EnsembleRule rule, const Scores& honest) {
    if (honest.weighted_log_loss < smallest) {
      best = rule;
      smallest = honest.weighted_log_loss;
    }
  };
  consider(EnsembleRule::logit_mean, scores.logit_mean);
  consider(EnsembleRule::fitted, scores.cross_fitted);
  return best;
}

}  // namespace train
