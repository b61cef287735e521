#include "train/data/split.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "io/files/csv.h"
#include "io/files/sha256.h"
#include "nn/core/error.h"

namespace train {
namespace {

/// What is spread evenly over the folds: positives of the six labels, images, patients.
constexpr std::size_t feature_count = io::label_count + 2;
using Features = std::array<double, feature_count>;

struct Patient {
  std::string id;
  Features features = {};
  std::size_t rarest_label = io::label_count;  // its rank from the rarest; label_count without positives
  std::uint64_t shuffle = 0;                   // the random order, by seed and id alone
};

/// One entry a patient, in the order of their ids.
std::vector<Patient> collect(std::span<const std::string> patients, std::span<const ImageLabels> labels,
                             std::uint64_t seed) {
  NN_CHECK(patients.size() == labels.size(), "[split] ", patients.size(), " images have patients, ", labels.size(),
           " have labels");
  std::map<std::string, Features> sums;
  for (std::size_t i = 0; i < patients.size(); ++i) {
    NN_CHECK(!patients[i].empty(), "[split] image ", i, " has no patient");
    Features& sum = sums[patients[i]];
    for (std::size_t j = 0; j < io::label_count; ++j) sum[j] += labels[i].known[j] ? labels[i].value[j] : 0;
    sum[io::label_count] += 1;
    sum[io::label_count + 1] = 1;
  }
  std::vector<Patient> result;
  for (const auto& [id, features] : sums) {
    const io::Sha256Digest digest = io::hmac_sha256(nn::message("split ", seed), id);
    Patient patient{.id = id, .features = features};
    for (std::size_t i = 0; i < 8; ++i) patient.shuffle = patient.shuffle << 8U | digest[i];
    result.push_back(std::move(patient));
  }
  return result;
}

Features total(const std::vector<Patient>& patients) {
  Features sum = {};
  for (const Patient& patient : patients) {
    for (std::size_t j = 0; j < feature_count; ++j) sum[j] += patient.features[j];
  }
  return sum;
}

/// Patients with the rarest label first, while there is most room to place them well; in random order otherwise.
void order_for_placing(std::vector<Patient>& patients) {
  const Features sum = total(patients);
  std::array<std::size_t, io::label_count> by_rarity = {};
  std::iota(by_rarity.begin(), by_rarity.end(), 0U);
  std::stable_sort(by_rarity.begin(), by_rarity.end(), [&](std::size_t a, std::size_t b) { return sum[a] < sum[b]; });
  for (Patient& patient : patients) {
    const auto has = [&](std::size_t label) { return patient.features[label] > 0; };
    patient.rarest_label =
        static_cast<std::size_t>(std::find_if(by_rarity.begin(), by_rarity.end(), has) - by_rarity.begin());
  }
  std::sort(patients.begin(), patients.end(), [](const Patient& a, const Patient& b) {
    return std::tie(a.rarest_label, a.shuffle, a.id) < std::tie(b.rarest_label, b.shuffle, b.id);
  });
}

/// How far folds are from their wanted shares, as a chi-square distance:
///   sum over folds f and features j of (count_fj - share_f total_j)^2 / (share_f total_j^2).
class Folds {
 public:
  Folds(const std::vector<Patient>& patients, std::vector<double> shares)
      : shares_(std::move(shares)), total_(total(patients)), counts_(shares_.size(), Features{}) {}

  std::size_t size() const { return shares_.size(); }
  bool is_empty(std::size_t fold) const { return counts_[fold].back() == 0; }
  bool has_one(std::size_t fold) const { return counts_[fold].back() == 1; }

  /// By how much the distance grows if `sign` times these features are added to the fold.
  double increase(std::size_t fold, const Features& features, double sign) const {
    double result = 0;
    for (std::size_t j = 0; j < feature_count; ++j) {
      if (total_[j] == 0) continue;
      const double excess = counts_[fold][j] - shares_[fold] * total_[j];
      result += (2 * sign * features[j] * excess + features[j] * features[j]) / (shares_[fold] * total_[j] * total_[j]);
    }
    return result;
  }
  void add(std::size_t fold, const Features& features, double sign = 1) {
    for (std::size_t j = 0; j < feature_count; ++j) counts_[fold][j] += sign * features[j];
  }

 private:
  std::vector<double> shares_;
  Features total_;
  std::vector<Features> counts_;
};

/// Each patient in turn goes to the fold where it increases the distance least.
std::vector<std::size_t> place_greedily(const std::vector<Patient>& patients, Folds& folds) {
  std::vector<std::size_t> fold_of;
  std::size_t empty_folds = folds.size();
  for (std::size_t i = 0; i < patients.size(); ++i) {
    // No fold stays empty: the last patients go where nobody is yet.
    const bool only_empty = patients.size() - i <= empty_folds;
    std::size_t best = folds.size();
    double best_increase = 0;
    for (std::size_t fold = 0; fold < folds.size(); ++fold) {
      if (only_empty && !folds.is_empty(fold)) continue;
      const double increase = folds.increase(fold, patients[i].features, 1);
      if (best == folds.size() || increase < best_increase) best = fold, best_increase = increase;
    }
    if (folds.is_empty(best)) --empty_folds;
    folds.add(best, patients[i].features);
    fold_of.push_back(best);
  }
  return fold_of;
}

/// Exchanges pairs of patients between folds, and moves single ones, as long as that brings the folds nearer to their
/// shares. Partners are looked for among the next few in the (random) order, so that the time stays linear.
void improve(const std::vector<Patient>& patients, Folds& folds, std::vector<std::size_t>& fold_of) {
  constexpr double least_gain = 1e-12;  // rounding must not keep the loop going
  constexpr std::size_t partners = 200;
  constexpr int most_passes = 20;
  const auto exchange = [&](std::size_t patient, std::size_t to, const Features& given, const Features& taken) {
    const std::size_t from = fold_of[patient];
    Features difference = {};
    for (std::size_t j = 0; j < feature_count; ++j) difference[j] = given[j] - taken[j];
    if (folds.increase(from, difference, -1) + folds.increase(to, difference, 1) > -least_gain) return false;
    folds.add(from, difference, -1);
    folds.add(to, difference);
    return true;
  };
  bool improved = true;
  for (int pass = 0; improved && pass < most_passes; ++pass) {
    improved = false;
    for (std::size_t i = 0; i < patients.size(); ++i) {
      for (std::size_t to = 0; to < folds.size() && !folds.has_one(fold_of[i]); ++to) {
        if (to == fold_of[i] || !exchange(i, to, patients[i].features, {})) continue;
        fold_of[i] = to;
        improved = true;
      }
      for (std::size_t k = i + 1; k < std::min(patients.size(), i + partners); ++k) {
        if (fold_of[k] == fold_of[i] || !exchange(i, fold_of[k], patients[i].features, patients[k].features)) continue;
        std::swap(fold_of[i], fold_of[k]);
        improved = true;
      }
    }
  }
}

Split place(std::vector<Patient> patients, const std::vector<double>& shares, std::string_view id_key) {
  NN_CHECK(patients.size() >= shares.size(), "[split] ", shares.size(),
           " parts need at least as many patients, there are ", patients.size());
  order_for_placing(patients);
  Folds folds(patients, shares);
  std::vector<std::size_t> fold_of = place_greedily(patients, folds);
  improve(patients, folds, fold_of);

  Split split{.folds = static_cast<int>(shares.size()), .fold_of_patient = {}};
  for (std::size_t i = 0; i < patients.size(); ++i) {
    const bool is_new =
        split.fold_of_patient.emplace(pseudonym(patients[i].id, id_key), static_cast<int>(fold_of[i])).second;
    NN_CHECK(is_new, "[split] two patients have the same keyed hash: choose another --id-key");
  }
  return split;
}

/// The first value that both parts have, empty if none; `get` chooses what is compared.
template <class Get>
std::string_view shared(std::span<const SplitMember> a, std::span<const SplitMember> b, const Get& get) {
  std::unordered_set<std::string_view> seen;
  for (const SplitMember& member : a) seen.insert(get(member));
  for (const SplitMember& member : b) {
    if (!get(member).empty() && seen.count(get(member)) > 0) return get(member);
  }
  return {};
}

}  // namespace

int Split::fold_of(std::string_view patient_pseudonym) const {
  const auto found = fold_of_patient.find(patient_pseudonym);
  NN_CHECK(found != fold_of_patient.end(), "[split] patient ", patient_pseudonym,
           " is not in the split (made from other data, or with another --id-key?)");
  return found->second;
}

Split split_into_folds(std::span<const std::string> patients, std::span<const ImageLabels> labels, int folds,
                       const SplitOptions& options) {
  NN_CHECK(folds >= 2 && folds <= 1000, "[split] expected 2 to 1000 folds, got ", folds);
  const auto count = static_cast<std::size_t>(folds);
  return place(collect(patients, labels, options.seed), std::vector<double>(count, 1.0 / folds), options.id_key);
}

Split split_off_validation(std::span<const std::string> patients, std::span<const ImageLabels> labels, double fraction,
                           const SplitOptions& options) {
  NN_CHECK(fraction > 0 && fraction < 1, "[split] expected a validation part between 0 and 1, got ", fraction);
  return place(collect(patients, labels, options.seed), {fraction, 1 - fraction}, options.id_key);
}

void write_split(const std::filesystem::path& path, const Split& split) {
  io::CsvWriter csv(path, {"patient", "fold"});
  for (const auto& [patient, fold] : split.fold_of_patient) csv.row(patient, fold);
  csv.finish();
}

Split read_split(const std::filesystem::path& path) {
  io::CsvReader csv(path);
  const int patient_column = csv.column("patient"), fold_column = csv.column("fold");
  Split split;
  while (csv.next()) {
    const std::int64_t fold = csv.integer(fold_column);
    NN_CHECK(fold >= 0 && fold < 1000, csv.where(), ": expected a fold from 0 to 999, found ", fold);
    NN_CHECK(!csv.field(patient_column).empty(), csv.where(), ": the patient is empty");
    const bool is_new =
        split.fold_of_patient.emplace(std::string(csv.field(patient_column)), static_cast<int>(fold)).second;
    NN_CHECK(is_new, csv.where(), ": patient ", csv.field(patient_column), " stands twice");
    split.folds = std::max(split.folds, static_cast<int>(fold) + 1);
  }
  NN_CHECK(split.folds >= 2, csv.name(), ": expected patients in at least two folds");
  return split;
}

std::string split_hash(const Split& split) {
  io::Sha256 hash;
  for (const auto& [patient, fold] : split.fold_of_patient) hash.update(nn::message(patient, '\0', fold, '\n'));
  return io::to_hex(hash.digest());
}

void check_no_leak(std::span<const SplitMember> training, std::span<const SplitMember> validation) {
  const auto check = [&](const char* what, auto get) {
    const std::string_view leak = shared(training, validation, get);
    NN_CHECK(leak.empty(), "[split] ", what, " ", leak, " is in the training and in the validation part");
  };
  const std::string_view patient =
      shared(training, validation, [](const SplitMember& member) { return member.patient; });
  NN_CHECK(patient.empty(), "[split] patient ", pseudonym(patient), " is in the training and in the validation part");
  check("study", [](const SplitMember& member) { return member.study; });
  check("image", [](const SplitMember& member) { return member.image; });
}

}  // namespace train
