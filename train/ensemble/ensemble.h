// Several networks that answer together: what members are, and how their answers become one.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/ensemble/belief.h"
#include "train/ensemble/test_time_augmentation.h"
#include "train/evaluation/member_table.h"
#include "train/model_file.h"

namespace train {

/// One recipe of training: a model, or the models of its folds, whose probabilities are averaged.
struct Member {
  std::string name;  // letters, digits, '.', '_' and '-': it stands in column and file names
  std::vector<ModelFile> models;
  /// Weighted log loss on what the member did not train on, never on data that is to be judged: of its validation part,
  /// or out of fold. NaN if not known.
  double validation_score = std::numeric_limits<double>::quiet_NaN();
  std::string validation_images{};  // that it was measured on, as MemberRow::validation_images
};

enum class EnsembleRule {
  mean,        // of the members' probabilities: the original's
  logit_mean,  // the probability of the mean logit
  fitted       // of the members' probabilities, each with its own weight per label
};
/// "mean", "logit-mean", "fitted".
const char* name(EnsembleRule rule);
/// Throws nn::Error for any other name.
EnsembleRule ensemble_rule(std::string_view name);

struct Ensemble {
  std::vector<Member> members;
  EnsembleRule rule = EnsembleRule::mean;
  /// Of each member, for `fitted`; not negative, each label's sum is 1. May be empty, or wait unused, with other rules.
  std::vector<Probabilities> weights{};
  TestTimeAugmentation augmentation = TestTimeAugmentation::none;

  std::size_t models() const;
  /// Throws nn::Error if there is no member, for two of one name, for weights that do not fit, and for members that do
  /// not read the same kind of images.
  void check() const;
};

/// The answer of the whole, from those of the members. `weights` as in Ensemble.
Belief combine(EnsembleRule rule, std::span<const Belief> members, std::span<const Probabilities> weights);

/// What the members' class priors give by the ensemble's rule: for images that cannot be predicted.
Probabilities class_prior(const Ensemble& ensemble);

/// For members.csv.
std::vector<MemberRow> member_rows(const Ensemble& ensemble);

/// A name for what lies at `path`: RUN of RUN/ and of RUN/model.safetensors, best of best.safetensors. What may not
/// stand in a name becomes '_'.
std::string member_name(const std::filesystem::path& path);

/// A run directory or a model file as the only model of a member.
Member read_member(const std::filesystem::path& path);

}  // namespace train
