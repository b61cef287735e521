#include "train/ensemble/ensemble.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "io/files/sha256.h"
#include "nn/core/error.h"

namespace train {
namespace {

void check_weights(const Ensemble& ensemble) {
  NN_CHECK(ensemble.weights.size() == ensemble.members.size(), "expected weights of ", ensemble.members.size(),
           " members, found ", ensemble.weights.size());
  for (std::size_t label = 0; label < io::label_count; ++label) {
    double sum = 0;
    for (const Probabilities& weights : ensemble.weights) {
      NN_CHECK(weights[label] >= 0 && weights[label] <= 1, "a weight of ", io::label_names[label], " is ",
               weights[label], ", expected 0 to 1");
      sum += weights[label];
    }
    NN_CHECK(std::abs(sum - 1) < 1e-6, "the weights of ", io::label_names[label], " add up to ", sum, ", expected 1");
  }
}

bool may_stand_in_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/// One split and one training part of it leave one validation part.
std::string held_out_images(const ModelDescription& model) {
  if (model.split_hash.empty() || model.data_hash.empty()) return {};
  return "held-out-" + io::sha256_hex(model.split_hash + model.data_hash).substr(0, 12);
}

}  // namespace

const char* name(EnsembleRule rule) {
  switch (rule) {
    case EnsembleRule::logit_mean:
      return "logit-mean";
    case EnsembleRule::fitted:
      return "fitted";
    case EnsembleRule::mean:
      break;
  }
  return "mean";
}

EnsembleRule ensemble_rule(std::string_view text) {
  for (const EnsembleRule rule : {EnsembleRule::mean, EnsembleRule::logit_mean, EnsembleRule::fitted}) {
    if (text == name(rule)) return rule;
  }
  throw nn::Error(nn::message("the rule '", text, "' is not known to this program"));
}

std::size_t Ensemble::models() const {
  std::size_t count = 0;
  for (const Member& member : members) count += member.models.size();
  return count;
}

void Ensemble::check() const {
  NN_CHECK(!members.empty(), "an ensemble needs a member");
  std::set<std::string> names;
  for (const Member& member : members) {
    NN_CHECK(!member.models.empty(), "member ", member.name, " has no model");
    NN_CHECK(names.insert(member.name).second, "two members are called ", member.name,
             ": rename the directory or file of one, members are told apart by their names");
    NN_CHECK(!member.name.empty() && std::all_of(member.name.begin(), member.name.end(), may_stand_in_a_name),
             "the member's name ", member.name, " has characters that a name of a column may not have");
    const ModelFile& first = members.front().models.front();
    for (const ModelFile& own : member.models) {
      NN_CHECK(own.description.preprocessing.images == first.description.preprocessing.images, own.path.string(),
               " reads ", train::name(own.description.preprocessing.images), " and ", first.path.string(), " reads ",
               train::name(first.description.preprocessing.images), ": members must read the same kind of images");
    }
  }
  if (rule == EnsembleRule::fitted || !weights.empty()) check_weights(*this);
}

Belief combine(EnsembleRule rule, std::span<const Belief> members, std::span<const Probabilities> weights) {
  const double share = 1 / static_cast<double>(members.size());
  Belief sum;
  if (rule == EnsembleRule::logit_mean) {
    Probabilities mean = {};
    for (const Belief& member : members) {
      const Probabilities logits = member.logit();
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += share * logits[i];
    }
    return belief_of_logits(mean);
  }
  for (std::size_t m = 0; m < members.size(); ++m) {
    rule == EnsembleRule::fitted ? add(sum, members[m], weights[m]) : add(sum, members[m], share);
  }
  return sum;
}

Probabilities class_prior(const Ensemble& ensemble) {
  std::vector<Belief> priors;
  for (const Member& member : ensemble.members) {
    Belief& prior = priors.emplace_back();
    for (const ModelFile& model : member.models) {
      Belief one{.p = model.description.class_prior, .q = {}};
      for (std::size_t i = 0; i < one.q.size(); ++i) one.q[i] = 1 - one.p[i];
      add(prior, one, 1 / static_cast<double>(member.models.size()));
    }
  }
  return combine(ensemble.rule, priors, ensemble.weights).p;
}

std::vector<MemberRow> member_rows(const Ensemble& ensemble) {
  std::vector<MemberRow> rows;
  rows.reserve(ensemble.members.size());
  for (const Member& member : ensemble.members) {
    rows.push_back({.member = member.name,
                    .network = member.models.front().description.architecture,
                    .models = static_cast<int>(member.models.size()),
                    .validation_score = member.validation_score,
                    .validation_images = member.validation_images});
  }
  return rows;
}

std::string member_name(const std::filesystem::path& path) {
  std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();  // RUN/
  if (whole.filename() == "model.safetensors") whole = whole.parent_path();
  std::string name = (whole.extension() == ".safetensors" ? whole.stem() : whole.filename()).string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !may_stand_in_a_name(c); }, '_');
  return name.empty() ? "model" : name;
}

Member read_member(const std::filesystem::path& path) {
  Member member{.name = member_name(path), .models = {}};
  member.models.push_back(read_model(path));
  const ModelDescription& model = member.models.front().description;
  member.validation_score = model.weighted_log_loss;
  member.validation_images = held_out_images(model);
  return member;
}

}  // namespace train
