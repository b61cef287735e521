#include "train/evaluation/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "nn/core/error.h"
#include "nn/core/philox.h"

namespace train {
namespace {

constexpr std::uint32_t purpose = 0x424F4F54;  // "BOOT": keeps these numbers apart from others of the same seed

/// Per label, over some images: how many are known, and by how much the sum of log losses of a exceeds that of b.
struct Sums {
  Probabilities known = {}, excess = {};

  void add(const Sums& other) {
    for (std::size_t i = 0; i < known.size(); ++i) known[i] += other.known[i], excess[i] += other.excess[i];
  }
};

/// The difference of the weighted log losses: metrics.h says how labels that are known nowhere are left out.
double weighted_difference(const Sums& sums) {
  double total = 0, weight = 0;
  for (std::size_t i = 0; i < io::label_count; ++i) {
    if (sums.known[i] == 0) continue;
    total += challenge_weights[i] * sums.excess[i] / sums.known[i];
    weight += challenge_weights[i];
  }
  return weight > 0 ? total / weight : 0;
}

std::vector<Sums> sums_by_group(std::span<const Probabilities> a, std::span<const Probabilities> b,
                                std::span<const ImageLabels> labels, std::span<const std::string> groups) {
  std::map<std::string_view, Sums> by_group;  // sorted: the result does not depend on the order of the images
  for (std::size_t i = 0; i < labels.size(); ++i) {
    Sums& sums = by_group[groups[i]];
    for (std::size_t label = 0; label < io::label_count; ++label) {
      if (!labels[i].known[label]) continue;
      const auto truth = static_cast<double>(labels[i].value[label]);
      sums.known[label] += 1;
      sums.excess[label] += log_loss(a[i][label], truth) - log_loss(b[i][label], truth);
    }
  }
  std::vector<Sums> result;
  result.reserve(by_group.size());
  for (const auto& [group, sums] : by_group) result.push_back(sums);
  return result;
}

/// The value below which `share` of the sorted values lie, interpolated between neighbours.
double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

DifferenceInterval bootstrap_difference(std::span<const Probabilities> a, std::span<const Probabilities> b,
                                        std::span<const ImageLabels> labels, std::span<const std::string> groups,
                                        const BootstrapOptions& options) {
  NN_CHECK(!labels.empty(), "[bootstrap] no image");
  NN_CHECK(a.size() == labels.size() && b.size() == labels.size() && groups.size() == labels.size(), "[bootstrap] ",
           a.size(), " and ", b.size(), " predictions, ", labels.size(), " labels and ", groups.size(), " groups");
  NN_CHECK(options.resamples >= 1 && options.confidence > 0 && options.confidence < 1, "[bootstrap] ",
           options.resamples, " resamples, confidence ", options.confidence);
  const std::vector<Sums> groups_sums = sums_by_group(a, b, labels, groups);
  Sums whole;
  for (const Sums& sums : groups_sums) whole.add(sums);
  std::vector<double> differences;
  for (int resample = 0; resample < options.resamples; ++resample) {
    nn::Random random(options.seed, purpose, static_cast<std::uint64_t>(resample));
    Sums drawn;
    for (std::size_t k = 0; k < groups_sums.size(); ++k) {
      drawn.add(groups_sums[random.below(static_cast<std::uint32_t>(groups_sums.size()))]);
    }
    differences.push_back(weighted_difference(drawn));
  }
  std::sort(differences.begin(), differences.end());
  const double tail = (1 - options.confidence) / 2;
  return {.difference = weighted_difference(whole),
          .low = quantile(differences, tail),
          .high = quantile(differences, 1 - tail),
          .groups = static_cast<std::int64_t>(groups_sums.size())};
}

}  // namespace train
